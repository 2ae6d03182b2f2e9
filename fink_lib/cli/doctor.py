"""`fink doctor`."""

import typer

from fink_lib.cli.common import HomeOption, load_settings


def doctor(home: HomeOption = None) -> None:
    """Tell what this machine lacks, and how to get it. Exits with 1 when something that it needs is missing."""
    from fink_lib.host.checks import all_checks

    missing = 0
    for check in all_checks(load_settings(home, any_lake=True)):
        missing += not check.ok and check.is_needed
        word = "OK" if check.ok else "MISSING" if check.is_needed else "WITHOUT"
        print(f"{word:<7}  {check.name:<13} {check.detail}", flush=True)
        if not check.ok:
            print(f"{'':>9}→ {check.fix}")
    print("nothing is missing" if not missing else f"missing: {missing}")
    raise typer.Exit(1 if missing else 0)
