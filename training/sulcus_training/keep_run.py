"""The JSON of a run as it is kept for the model card: titled for its tables, and without anybody's name."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

from .console import say
from .options import create_parser
from .run_record import Role, read_run

KEPT = Path("runs")


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parse(argv)
    record = keep(read_run(arguments.run), arguments.id, arguments.title, arguments.role)
    arguments.out.mkdir(parents=True, exist_ok=True)
    file = arguments.out / f"{record['id']}.json"
    file.write_text(f"{json.dumps(record, indent=2, allow_nan=False)}\n", encoding="utf-8")
    say(f"wrote {file}")
    return 0


def keep(run: dict[str, Any], name: str | None, title: str | None, role: str | None) -> dict[str, Any]:
    """The record with what was given in place of its own; of a split, how many slices and people are on every side."""
    changed = {key: value for key, value in (("id", name), ("title", title), ("role", role)) if value is not None}
    kept = {**run, **changed}
    if "split" in run:
        kept["split"] = {
            side: {"slices": facts["slices"], "people": len(facts["people"])} for side, facts in run["split"].items()
        }
    return kept


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = create_parser("keep_run", __doc__)
    parser.add_argument("run", type=Path, help="folder of a run, or of pooled ones")
    parser.add_argument("--id", help="name of the file (default: the run's)")
    parser.add_argument("--title", help="in the card's tables (default: the run's)")
    parser.add_argument("--role", choices=get_args(Role), help="what the figures are of (default: the run's)")
    parser.add_argument("--out", type=Path, default=KEPT, help="(default: %(default)s)")
    return parser.parse_args(argv)


if __name__ == "__main__":
    raise SystemExit(main())
