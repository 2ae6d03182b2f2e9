"""`fink science`: list modules, explain one, run some over packets, compare with what Fink published."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import pyarrow as pa
import pyarrow.parquet as pq
import typer

from fink_lib.cli.common import load_settings, say
from fink_lib.cli.json_text import json_text
from fink_lib.cli.science_accuracy import accuracy
from fink_lib.cli.science_completeness import completeness
from fink_lib.cli.science_plant import plant
from fink_lib.cli.science_remote import remote
from fink_lib.cli.science_tracklets import tracklets
from fink_lib.cli.tables import Column, json_option, write_rows
from fink_lib.cli.terminal import say_folded
from fink_lib.compare_fink.parity import Comparison, compare, id_column
from fink_lib.offline import Given, science_of
from fink_lib.offline.failures import failures
from fink_lib.offline.run import ERRORS
from fink_lib.science.framework.base import Module
from fink_lib.science.framework.registry import modules_of, with_needs
from fink_lib.science.framework.runner import versions
from fink_lib.simulator import resolve_path
from fink_lib.surveys import get_survey

app = typer.Typer(no_args_is_help=True)
app.command()(accuracy)
app.command()(completeness)
app.command()(plant)
app.command()(remote)
app.command()(tracklets)

COLUMNS = (
    Column("module", is_id=True),
    Column("version"),
    Column("cost"),
    Column("outputs", is_id=True),
    Column("meaning"),
)
PARITY = (
    Column("column", is_id=True),
    Column("compared"),
    Column("equal"),
    Column("max_diff", title="largest difference", shown=lambda largest: f"{largest:.2g}"),
)
SHOW_HELP = (
    "Print JSON: an object with module, version, cost, meaning, reference, scalars, histories, stamps, needs, "
    "optional, outputs: a list of objects with name, type, unit, meaning; and uses: versions of models and catalogues."
)
SurveyOption = Annotated[str, typer.Option(help="Whose packets they are.")]
ModulesOption = Annotated[
    str | None, typer.Option("--modules", help="Names with commas between; what they need runs too. All if not given.")
]
_SHOWN_DIFFERENCES = 3


@app.command("list")
def list_(*, survey: SurveyOption = "ztf", as_json: Annotated[bool, json_option(COLUMNS)] = False) -> None:
    """Show every module of a survey in the order in which they run."""
    rows = [
        {"module": one.name, "version": one.version, "cost": one.cost, "meaning": one.meaning}
        | {"outputs": [out.name for out in one.outputs]}
        for one in modules_of(survey)
    ]
    write_rows(COLUMNS, rows, as_json=as_json)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="Which module.")],
    *,
    survey: SurveyOption = "ztf",
    as_json: Annotated[bool, typer.Option("--json", help=SHOW_HELP)] = False,
) -> None:
    """Explain one module: method, inputs, outputs, models and catalogues."""
    (module,) = [each for each in with_needs(survey, [name]) if each.name == name]
    facts = versions([module], load_settings(any_lake=True).cache)
    uses = {key: text for key, text in facts.items() if key != module.name}
    if as_json:
        print(json_text({**_facts(module), "uses": uses}))
        return
    for line in _explained(module):
        say_folded(line)
    for key, text in uses.items():
        say_folded(f"uses {key}: {text}")


def _facts(module: Module) -> dict[str, object]:
    same = ("version", "cost", "meaning", "reference", "scalars", "histories", "stamps", "needs", "optional")
    told = {name: getattr(module, name) for name in same}
    outputs = [
        {"name": out.name, "type": str(out.type), "unit": out.unit, "meaning": out.meaning} for out in module.outputs
    ]
    return {"module": module.name, **told, "outputs": outputs}


def _explained(module: Module) -> Iterator[str]:
    yield f"{module.name} {module.version} ({module.cost}): {module.meaning}"
    yield f"reference: {module.reference}"
    for title, names in (
        ("packet", module.scalars),
        ("history", module.histories),
        ("stamps", module.stamps),
        ("other modules", module.needs),
        ("from outside, where given", module.optional),
    ):
        if names:
            yield f"reads from {title}: {', '.join(names)}"
    for out in module.outputs:
        kind = out.type if out.type.num_fields == 0 else "struct"
        yield f"writes {out.name} ({kind}, {out.unit or 'no unit'}): {out.meaning}"


@app.command()
def run(
    path: Annotated[str, typer.Argument(help="Packets: a file, folder, archive or Delta table, or `sample`.")],
    *,
    out: Annotated[Path, typer.Option(help="Parquet file to write.")],
    survey: SurveyOption = "ztf",
    modules: ModulesOption = None,
) -> None:
    """Run modules over packets and write their outputs; no Kafka, Spark or Airflow."""
    settings = load_settings(any_lake=True)
    adapter, chosen = get_survey(survey), _chosen(survey, modules)
    table = science_of(resolve_path(path, settings, adapter), chosen, adapter, settings.cache)
    facts = {key.encode(): text.encode() for key, text in versions(chosen, settings.cache).items()}
    pq.write_table(table.replace_schema_metadata(facts), out)
    say(f"{table.num_rows} alerts, {len(chosen)} modules: {out}")
    for line in failures(table[ERRORS]):
        say(line)


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
    settings = load_settings(any_lake=True)
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
    write_rows(PARITY, [{"column": name, **each.as_dict()} for name, each in sorted(found.items())])
    for name, each in sorted(found.items()):
        if each.not_loaded:
            say(f"{name}: {each.not_loaded} not compared, its catalogue or model is not on this machine")
        for cause in sorted({difference.cause for difference in each.differences}):
            same = [difference for difference in each.differences if difference.cause == cause]
            say(f"{name}: {len(same)} differ: {cause}")
            for one in same[:_SHOWN_DIFFERENCES]:
                say(f"    {one.alert_id} {one.part} ours {one.ours!r}, Fink's {one.theirs!r}")
    say(f"columns of Fink's that are not computed here: {', '.join(sorted(left))}")
