"""The options that every command has that trains, here and now or as a job."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bioner.commands.arguments import path_option
from bioner.machine import Device

Seed = Annotated[int, typer.Option(help="Random seed.")]
OnDevice = Annotated[Device, typer.Option(help="auto, cpu or cuda.")]
Out = Annotated[Path, path_option("The model folder to make, such as models/mine.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on from a checkpoint.")]
Background = Annotated[bool, typer.Option("--background", help="Start a job and return at once.")]
OfJob = Annotated[Path | None, path_option("The job that this run is.", hidden=True)]
