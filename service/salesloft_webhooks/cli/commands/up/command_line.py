"""The command `up`: checks first, then everything."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from salesloft_webhooks.cli.commands.up.data_folder import DEFAULT, SETTING, DataFolder, FolderInUse
from salesloft_webhooks.cli.console import note
from salesloft_webhooks.cli.failures import fail

LEFTOVER_SECONDS = 15.0
"""Longer than any process of ours needs to end."""

Port = Annotated[int, typer.Option(envvar="PORT", min=0, max=65_535, help="Webhook port; 0: any free one.")]
OpsPort = Annotated[
    int, typer.Option(envvar="OPS_PORT", min=0, max=65_535, help="The receiver's probes and metrics; 0: any free one.")
]


def up(  # noqa: PLR0913 - an option each
    *,
    demo: Annotated[bool, typer.Option("--demo", help="With a simulated SalesLoft and invented secrets.")] = False,
    rate: Annotated[float, typer.Option(min=0.1, help="Changes a second at the simulated SalesLoft.")] = 20.0,
    host: Annotated[str, typer.Option(envvar="HOST", help="Address to listen on.")] = "127.0.0.1",
    port: Port = 8000,
    ops_port: OpsPort = 9090,
    console_port: Annotated[
        int | None,
        typer.Option(
            envvar="CONSOLE_PORT", min=0, max=65_535, help="The console's pages; by default 8080, if it is free."
        ),
    ] = None,
    store_port: Annotated[int, typer.Option(min=0, max=65_535, help="The embedded Valkey's port; 0: any.")] = 0,
    data_dir: Annotated[Path, typer.Option(envvar=SETTING, help="Where everything is kept.")] = DEFAULT,
) -> None:
    """Run everything on this machine: Valkey, the receiver, a worker for each built-in group, the console, a live view.

    Data is kept between runs. Commands started in the same folder work on this pipeline without any setting.
    """
    from salesloft_webhooks.cli.commands.up.pipeline_run import run_pipeline
    from salesloft_webhooks.cli.commands.up.plan import Plan, UpOptions
    from salesloft_webhooks.cli.commands.up.ports import choose_console_port, choose_port

    folder = DataFolder(data_dir)
    folder.prepare()
    with _only_one(folder) as lock:
        options = UpOptions(
            folder=folder,
            demo=demo,
            host=host,
            port=choose_port(host, port, purpose="webhooks", option="--port"),
            ops_port=choose_port(host, ops_port, purpose="probes and metrics", option="--ops-port"),
            store_port=choose_port("127.0.0.1", store_port, purpose="the embedded Valkey", option="--store-port"),
            rate=rate,
            console_port=choose_console_port(host, console_port),
        )
        asyncio.run(run_pipeline(Plan(options), lock))


@contextmanager
def _only_one(folder: DataFolder) -> Iterator[int]:
    """Hold the folder; yields the lock for the processes to come, once those of a killed `up` have ended."""
    from salesloft_webhooks.cli.commands.up.process_lookup import holders

    try:
        # A command that looks whether an `up` is running holds the lock for a moment, too.
        holding = folder.lock("up.lock", wait_seconds=0.5)
        with holding:
            leftovers = holders(str(folder.path / "processes.lock"))
            if leftovers:
                note(f"waiting for what a killed `up` has left behind: {', '.join(leftovers)}")
            with _processes_lock(folder) as lock:
                yield lock
    except FolderInUse:
        fail(
            f"another `up` is running on {folder.path}: look at it with `salesloft-webhooks status`, or start this one "
            "on a folder of its own with --data-dir"
        )


@contextmanager
def _processes_lock(folder: DataFolder) -> Iterator[int]:
    from salesloft_webhooks.cli.commands.up.process_lookup import holders

    path = folder.path / "processes.lock"
    try:
        with folder.lock(path.name, wait_seconds=LEFTOVER_SECONDS) as lock:
            yield lock
    except FolderInUse:
        who = ", ".join(holders(str(path))) or f"see `lsof {path}`"
        fail(f"processes of an earlier `up` are still running on {folder.path}: {who}; end them first")
