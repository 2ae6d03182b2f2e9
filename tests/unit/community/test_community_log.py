"""The log: nothing is lost, nothing stands twice, what is replaced is history, and who may not see a thing does not."""

import datetime as dt
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from community_bench import ANNA, BEN, CLARA, OBJECT, ROBOT, draft, label, said
from deltalake import DeltaTable

from fink_lib.community import log as log_module
from fink_lib.community.checked import checked_rows
from fink_lib.community.ids import STATEMENT_ID, unix_ms_of, uuid7
from fink_lib.community.kinds import Kind
from fink_lib.community.log import SPEC, Log
from fink_lib.community.people import STRANGER, Person
from fink_lib.community.saying import NotSaid, say
from fink_lib.config import PROJECT_DIR
from fink_lib.errors import ConfigError


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path)


def test_a_name_is_a_uuid_of_version_7() -> None:
    """The example of RFC 9562, appendix A.6: 0x017F22E279B0 ms."""
    name = uuid7(1645557742000_000)
    assert name.startswith("017f22e2-79b0-7000-")
    assert STATEMENT_ID.fullmatch(name)
    assert unix_ms_of(name) == 1645557742000
    assert uuid7(1645557742000_001) > name


def test_what_was_said_is_there_at_once_also_for_others(log: Log, tmp_path: Path) -> None:
    row = said(log, ANNA, "comment", body={"text": "rising"})
    assert log.now().get(row["statement_id"])["body"] == '{"text": "rising"}'  # type: ignore[index]
    assert Log(tmp_path).now().select(STRANGER)[0]["author"] == "anna"
    assert row["ivorn"] == f"ivo://fink.lake/community#{row['statement_id']}"


def test_a_key_says_it_once(log: Log) -> None:
    first = said(log, ANNA, "comment", body={"text": "rising"}, idempotency_key="k1")
    version = log.now().version
    assert said(log, ANNA, "comment", body={"text": "rising"}, idempotency_key="k1") == first
    assert log.now().version == version
    said(log, BEN, "comment", body={"text": "rising"}, idempotency_key="k1")  # his own key
    with pytest.raises(NotSaid, match="key of another statement") as refused:
        said(log, ANNA, "comment", body={"text": "falling"}, idempotency_key="k1")
    assert refused.value.status == 409


def test_replaced_and_withdrawn_is_history(log: Log) -> None:
    first = said(log, ANNA, "comment", body={"text": "risign"})
    second = said(log, ANNA, "comment", body={"text": "rising"}, supersedes=first["statement_id"])
    assert [row["statement_id"] for row in log.now().select(BEN)] == [second["statement_id"]]
    with pytest.raises(NotSaid, match="replaced already"):
        said(log, ANNA, "comment", body={"text": "again"}, supersedes=first["statement_id"])
    before = dt.datetime.now(dt.UTC)
    said(log, ANNA, "withdrawal", supersedes=second["statement_id"])
    assert log.now().select(BEN) == []
    assert [row["replaced_by"] is not None for row in log.now().select(BEN, history=True)] == [True, True, False]
    assert [row["statement_id"] for row in log.now().as_of(before).select(BEN)] == [second["statement_id"]]


def test_only_its_author_replaces_and_an_admin_withdraws(log: Log) -> None:
    row = said(log, BEN, "comment", visibility="group:sn", body={"text": "a"})
    for who, kind, status in ((ANNA, "comment", 403), (CLARA, "withdrawal", 404), (ROBOT, "withdrawal", 404)):
        body = {"text": "b"} if kind == "comment" else {}
        with pytest.raises(NotSaid) as refused:
            said(log, who, kind, supersedes=row["statement_id"], body=body)
        assert refused.value.status == status
    said(log, ANNA, "withdrawal", supersedes=row["statement_id"])
    assert log.now().select(BEN) == []


def test_an_absent_claim_grants_nothing(log: Log) -> None:
    said(log, ANNA, "comment", body={"text": "all"})
    said(log, ANNA, "comment", visibility="group:sn", body={"text": "sn"})
    said(log, CLARA, "comment", visibility="group:agn", body={"text": "agn"})
    said(log, CLARA, "comment", visibility="rights:lsst:dac", body={"text": "dac"})
    seen = {who.name: [row["body"][10:-2] for row in log.now().select(who)] for who in (ANNA, BEN, CLARA, STRANGER)}
    assert seen == {"anna": ["all", "sn"], "ben": ["all", "sn"], "clara": ["all", "agn", "dac"], "": ["all"]}
    with pytest.raises(NotSaid, match="no member"):
        said(log, BEN, "comment", visibility="group:agn", body={"text": "x"})
    with pytest.raises(NotSaid, match="log in"):
        said(log, STRANGER, "comment", body={"text": "x"})


def test_what_is_about_a_hidden_statement_is_refused(log: Log) -> None:
    hidden = said(log, ANNA, "classification", taxonomy="fink/1", label="SN Ia", visibility="group:sn")
    about = {"about_statement": hidden["statement_id"], "body": {"value": 1}}
    with pytest.raises(NotSaid, match="there is no statement"):
        said(log, CLARA, "vote", visibility="group:agn", **about)
    with pytest.raises(NotSaid, match="say it to them"):
        said(log, BEN, "vote", **about)
    assert said(log, BEN, "vote", visibility="group:sn", **about)["about_statement"] == hidden["statement_id"]
    with pytest.raises(NotSaid, match="to cite"):
        said(log, CLARA, "citation", cites=[{"uri": f"fink:statement/{hidden['statement_id']}", "relation": "Cites"}])


@pytest.mark.parametrize(
    ("told", "said_so"),
    [
        ({"kind": "comment", "body": {"text": "x"}}, "say what it is about"),
        ({"kind": "classification", "label": "SN Ia"}, "about an object"),
        ({"kind": "classification", **OBJECT, "taxonomy": "fink/1"}, "has a label"),
        ({"kind": "classification", **OBJECT, "taxonomy": "fink/1", "label": "SN Ia", "probability": 1.5}, "probab"),
        ({"kind": "comment", "survey": "ztf", "object_id": "'; DROP", "body": {"text": "x"}}, "not called so"),
        ({"kind": "comment", "survey": "none", "object_id": "x", "body": {"text": "x"}}, "no survey"),
        ({"kind": "comment", **OBJECT, "body": {"text": "a\x1b[2Jb"}}, "U\\+001B"),
        ({"kind": "comment", **OBJECT, "body": {"text": "\u202egnp.exe"}}, "U\\+202E"),
        ({"kind": "comment", **OBJECT, "body": {"text": "x" * 20_001}}, "20001 characters"),
        ({"kind": "comment", **OBJECT, "body": {"text": "x", "html": 1}}, "html"),
        ({"kind": "annotation", **OBJECT, "body": {"annotator": "a", "url": "javascript:alert(1)"}}, "http"),
        ({"kind": "annotation", **OBJECT, "body": {"annotator": "a", "values": {"x": float("nan")}}}, "not finite"),
        ({"kind": "annotation", **OBJECT, "body": {"annotator": "a", "values": {"x": 2**70}}}, "64 bits"),
        ({"kind": "citation", **OBJECT, "cites": [{"uri": "file:///etc/passwd", "relation": "Cites"}]}, "identifier"),
        ({"kind": "citation", **OBJECT, "cites": [{"uri": "doi:10.1234/x", "relation": "likes"}]}, "relation"),
        ({"kind": "vote", "about_statement": "x", "body": {"value": 1}}, "id of a statement"),
        ({"kind": "gossip", **OBJECT}, "kind"),
        ({"kind": "comment", **OBJECT, "author": "anna", "body": {"text": "x"}}, "author"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_what_is_no_statement(told: dict[str, object], said_so: str) -> None:
    from fink_lib.community.draft import Draft

    with pytest.raises((ConfigError, ValueError), match=said_so):
        Draft.of(told)


def test_a_label_is_one_of_its_taxonomy(log: Log) -> None:
    with pytest.raises(ConfigError, match="no class 'SN 1a': for example SN Ia"):
        say(log, ANNA, [label("SN 1a")])


def test_eight_writers_at_once_lose_nothing_while_files_are_merged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_module, "MOST_SMALL_FILES", 5)  # merged again and again
    logs = [Log(tmp_path) for _ in range(8)]

    def write(at: int) -> list[str]:
        who = Person(f"writer{at}")
        rows = [said(logs[at], who, "comment", body={"text": f"{n}"}, idempotency_key=f"k{n}") for n in range(4)]
        return [row["statement_id"] for row in rows]

    with ThreadPoolExecutor(8) as pool:
        names = [name for some in pool.map(write, range(8)) for name in some]
    rows = Log(tmp_path).now().rows.to_pylist()
    assert sorted(row["statement_id"] for row in rows) == sorted(names)
    assert len(set(names)) == 32
    times = [row["at"] for row in rows]
    assert times == sorted(set(times))
    assert len(DeltaTable(str(SPEC.path(tmp_path))).file_uris()) <= 6
    assert [state.now().rows.num_rows for state in logs] == [32] * 8


def test_a_process_of_its_own_writes_beside(log: Log, tmp_path: Path) -> None:
    """What another process says is read without a restart, and its key is known here."""
    said(log, ANNA, "comment", body={"text": "first"})
    code = f"""
        from pathlib import Path
        from fink_lib.community.draft import Draft
        from fink_lib.community.log import Log
        from fink_lib.community.people import Person
        from fink_lib.community.saying import say
        about = {{"survey": "ztf", "object_id": "ZTF21acoshvy"}}
        draft = Draft.of({{"kind": "comment", **about, "body": {{"text": "second"}}, "idempotency_key": "k"}})
        say(Log(Path({str(tmp_path)!r})), Person("anna"), [draft])
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True, cwd=PROJECT_DIR)
    said(log, ANNA, "comment", body={"text": "second"}, idempotency_key="k")
    assert [row["body"] for row in log.now().select(STRANGER)] == ['{"text": "first"}', '{"text": "second"}']


def test_an_uploaded_file_is_kept_as_it_came(log: Log) -> None:
    row = say(log, ANNA, [draft("comment", body={"text": "x"}, content=b"\x00file", content_type="text/csv")])[0]
    assert "content" not in row
    assert log.content(row["statement_id"]) == b"\x00file"
    assert log.content("nothing") is None


def test_all_or_none(log: Log) -> None:
    drafts = [draft("comment", body={"text": "x"}), draft("withdrawal", supersedes=uuid7(0))]
    with pytest.raises(NotSaid):
        say(log, ANNA, drafts)
    assert log.now().rows.num_rows == 0


def test_the_suite_finds_what_somebody_slipped_in(log: Log, tmp_path: Path) -> None:
    said(log, ANNA, "comment", body={"text": "fine"})
    bad = dict.fromkeys(SPEC.schema.names) | {
        "statement_id": "x",
        "kind": "vote",
        "author": "eve",
        "visibility": "public",
        "body": "{}",
        "taxonomy": "fink/1",
        "label": "no class",
        "supersedes": "nothing",
        "cites": [{"uri": "doi:10.1/x", "relation": "likes"}],
    }
    log.append(lambda _state, at: [{**bad, "at": at, "month": at.date().replace(day=1)}])
    good, found = checked_rows(tmp_path)
    names = ("label_in_taxonomy", "subject", "replaces_what_it_may", "relations", "body_of_its_kind")
    assert [good[name] for name in names] == [True] * 5
    assert [found[name] for name in names] == [False] * 5
    assert checked_rows(tmp_path, last=dt.datetime(2020, 1, 1, tzinfo=dt.UTC)) == []


def test_kinds_are_selected(log: Log) -> None:
    said(log, ANNA, "comment", body={"text": "x"})
    say(log, ANNA, [label("SN Ia", probability=0.5), label("AGN", probability=0.5)])
    rows = log.now().select(STRANGER, [Kind.CLASSIFICATION], survey="ztf", object_id="ZTF21acoshvy")
    assert [row["label"] for row in rows] == ["SN Ia", "AGN"]
    assert log.now().select(STRANGER, label=["AGN", "TDE"])[0]["label"] == "AGN"
