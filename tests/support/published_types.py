"""What we write as JSON, held against types that its readers publish: TypeScript's compiler finds what does not fit."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.rules_and_dashboards import ROOT

PACKAGES = ROOT / ".tools" / "npm"
COMPILER = PACKAGES / "typescript" / "lib" / "tsc.js"
THERE = shutil.which("node") is not None and COMPILER.exists()


def type_faults(
    directory: Path, declared: str, documents: Mapping[str, Any], packages: Mapping[str, list[str]]
) -> list[str]:
    """What the compiler finds wrong with documents, by their names.

    Args:
        directory: Of the caller's own, for this call alone.
        declared: The type and where it is: ``import type { Dashboard } from './dashboard_types'``.
        documents: Name -> what is said to be of that type, which is the last one named in braces.
        packages: What modules are called -> where they are.
    """
    name = declared.partition("{")[2].partition("}")[0].strip()
    for document, content in documents.items():
        (directory / f"{document}.ts").write_text(
            f"{declared};\nexport const it: {name} = {json.dumps(content)}", "utf-8"
        )
    options: dict[str, Any] = {
        "strict": True,
        "noEmit": True,
        "module": "esnext",
        "moduleResolution": "bundler",
        "skipLibCheck": True,
        "types": [],
        "paths": dict(packages),
    }
    (directory / "tsconfig.json").write_text(json.dumps({"compilerOptions": options, "include": ["*.ts"]}), "utf-8")
    done = subprocess.run(
        ["node", str(COMPILER), "-p", str(directory)], capture_output=True, text=True, check=False, timeout=120
    )
    return [line for line in done.stdout.splitlines() if line]
