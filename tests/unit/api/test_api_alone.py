"""The API's process loads neither Spark nor Airflow, and is a service of the home."""

import subprocess
import sys

import httpx

from fink_lib.config import Settings
from fink_lib.host.api import LocalApi
from fink_lib.host.overview import look
from tests.builders.packet_rows import sample_packets
from tests.builders.served_home import NIGHT, arrive, serve

PROGRAM = (
    "import sys, fink_lib.portal.server, fink_lib.client\n"
    "sys.exit(', '.join(name for name in sys.modules if name in ('pyspark', 'delta', 'py4j', 'airflow')))"
)


def test_it_loads_neither_spark_nor_airflow() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=120, check=False)
    assert done.stderr.strip().splitlines()[-1:] == []


def test_a_home_starts_it_and_stops_it(settings: Settings) -> None:
    settings = settings.model_copy(update={"api_port": 0})
    packets = sample_packets(2)
    arrive(settings, packets)
    serve(settings, NIGHT)
    api = LocalApi(settings)
    try:
        url = api.start()
        assert api.start() == url, "it runs already"
        asked = {"objectId": packets[0]["objectId"], "columns": "i:candid"}
        rows = httpx.get(f"{url}/api/v1/objects", params=asked, timeout=30).json()
        assert rows == [{"i:candid": str(packets[0]["candid"])}]
        assert [(one.name, one.state) for one in look(settings).services] == [("api", "running")]
    finally:
        api.stop()
    assert not api.is_running()
    assert look(settings).services[0].state == "stopped"
