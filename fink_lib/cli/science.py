"""`fink science`: list modules, explain one, run some over packets, compare with what Fink published."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import pyarrow as pa
import pyarrow.parquet as pq
import typer
from rich.console import Console
from rich.table import Table

from fink_lib.cli.common import load_settings, say
from fink_lib.cli.science_accuracy import accuracy
from fink_lib.cli.science_remote import remote
from fink_lib.cli.science_tracklets import tracklets
from fink_lib.compare_fink.parity import Comparison, compare, id_column
from fink_lib.offline import Given, science_of
from fink_lib.science.framework.base import Module
from fink_lib.science.framework.registry import modules_of, with_needs
from fink_lib.science.framework.runner import versions
from fink_lib.simulator import resolve_path
from fink_lib.surveys import get_survey

app = typer.Typer(no_args_is_help=True)
app.command()(accuracy)
app.command()(remote)
app.command()(tracklets)

SurveyOption = Annotated[str, typer.Option(help="Whose packets they are.")]
ModulesOption = Annotated[
    str | None, typer.Option("--modules", help="Names with commas between; what they need runs too. All if not given.")
]
_SHOWN_DIFFERENCES = 3


@app.command("list")
def list_(*, survey: SurveyOption = "ztf") -> None:
    """Show every module of a survey in the order in which they run."""
    table = Table("module", "version", "cost", "outputs", "meaning")
    for module in modules_of(survey):
        outputs = ", ".join(out.name for out in module.outputs)
        table.add_row(module.name, module.version, str(module.cost), outputs, module.meaning)
    Console().print(table)


@app.command()
def show(name: Annotated[str, typer.Argument(help="Which module.")], *, survey: SurveyOption = "ztf") -> None:
    """Explain one module: method, inputs, outputs, models and catalogues."""
    (module,) = [each for each in with_needs(survey, [name]) if each.name == name]
    say(f"{module.name} {module.version} ({module.cost}): {module.meaning}")
    say(f"reference: {module.reference}")
    for title, names in (
        ("packet", module.scalars),
        ("history", module.histories),
        ("stamps", module.stamps),
        ("other modules", module.needs),
        ("from outside, where given", module.optional),
    ):
        if names:
            say(f"reads from {title}: {', '.join(names)}")
    for out in module.outputs:
        kind = out.type if out.type.num_fields == 0 else "struct"
        say(f"writes {out.name} ({kind}, {out.unit or 'no unit'}): {out.meaning}")
    facts = versions([module], load_settings().cache)
    for key, text in facts.items():
        if key != module.name:
            say(f"uses {key}: {text}")


@app.command()
def run(
    path: Annotated[str, typer.Argument(help="Packets: a file, folder, archive or Delta table, or `sample`.")],
    *,
    out: Annotated[Path, typer.Option(help="Parquet file to write.")],
    survey: SurveyOption = "ztf",
    modules: ModulesOption = None,
) -> None:
    """Run modules over packets and write their outputs; no Kafka, Spark or Airflow."""
    settings = load_settings()
    adapter, chosen = get_survey(survey), _chosen(survey, modules)
    table = science_of(resolve_path(path, settings, adapter), chosen, adapter, settings.cache)
    facts = {key.encode(): text.encode() for key, text in versions(chosen, settings.cache).items()}
    pq.write_table(table.replace_schema_metadata(facts), out)
    say(f"{table.num_rows} alerts, {len(chosen)} modules: {out}")


@app.command()
def parity(
    *,
    packets: Annotated[str, typer.Option(help="Packets: a file, folder or archive.")],
    outputs: Annotated[Path, typer.Option(help="What Fink published for them, as Parquet.")],
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write {column: {compared, equal, max_diff}}.")
    ] = None,
    survey: SurveyOption = "ztf",
    modules: ModulesOption = None,
) -> None:
    """Compare our columns with Fink's, alert by alert; every difference is listed with its cause."""
    settings = load_settings()
    adapter, chosen = get_survey(survey), _chosen(survey, modules)
    published = pq.read_table(outputs)
    given = _given(published, chosen)
    ours = science_of(resolve_path(packets, settings, adapter), chosen, adapter, settings.cache, given)
    found = compare(ours, published, chosen)
    if json_file is not None:
        json_file.write_text(json.dumps({name: each.as_dict() for name, each in found.items()}, indent=1) + "\n")
    _show(found, set(published.column_names) - set(found))


def _chosen(survey: str, names: str | None) -> tuple[Module, ...]:
    return modules_of(survey) if names is None else with_needs(survey, names.split(","))


def _given(published: pa.Table, modules: Iterable[Module]) -> Given:
    """Return the facts that Fink's outputs hold and that some module declares as optional: SIMBAD's answer."""
    ids = published[id_column(published)].to_pylist()
    names = {name for module in modules for name in module.optional} & set(published.column_names)
    return Given({name: dict(zip(ids, published[name].to_pylist(), strict=True)) for name in names})


def _show(found: dict[str, Comparison], left: set[str]) -> None:
    table = Table("column", "compared", "equal", "largest difference")
    for name, each in sorted(found.items()):
        table.add_row(name, str(each.compared), str(each.equal), f"{each.max_diff:.2g}")
    Console().print(table)
    for name, each in sorted(found.items()):
        if each.not_loaded:
            say(f"{name}: {each.not_loaded} not compared, its catalogue or model is not on this machine")
        for cause in sorted({difference.cause for difference in each.differences}):
            same = [difference for difference in each.differences if difference.cause == cause]
            say(f"{name}: {len(same)} differ: {cause}")
            for one in same[:_SHOWN_DIFFERENCES]:
                say(f"    {one.alert_id} {one.part} ours {one.ours!r}, Fink's {one.theirs!r}")
    say(f"columns of Fink's that are not computed here: {', '.join(sorted(left))}")
