"""Makes the contract importable: generates Python from proto/ into a folder that is gone at exit.

A vendor would generate once and keep the result. Here it is made anew, so that a client can never
disagree with the contract beside it.
"""

import atexit
import importlib
import pathlib
import shutil
import sys
import tempfile

import grpc_tools
from grpc_tools import protoc


class Contract:
    """The generated modules, under the names of their files: `contract.loan_service`, and `..._grpc`."""

    def __init__(self, modules):
        self.__dict__.update(modules)


def generate(proto: pathlib.Path) -> Contract:
    """Compiles every .proto file below `proto`."""
    out = tempfile.mkdtemp(prefix="kortisto-stubs-")
    atexit.register(shutil.rmtree, out, ignore_errors=True)
    files = sorted(proto.rglob("*.proto"))
    if not files:
        raise SystemExit(f"{proto} holds no .proto file")
    well_known = pathlib.Path(grpc_tools.__file__).parent / "_proto"
    arguments = ["protoc", f"-I{proto}", f"-I{well_known}", f"--python_out={out}", f"--grpc_python_out={out}"]
    if protoc.main(arguments + [str(file) for file in files]) != 0:
        raise SystemExit("the contract does not compile")
    sys.path.insert(0, out)
    modules = {}
    # What a device uses; staff services have some of the same names.
    for file in (file for file in files if file.parts[-3] in ("common", "device")):
        package = ".".join(file.relative_to(proto).parent.parts)
        modules[file.stem] = importlib.import_module(f"{package}.{file.stem}_pb2")
        modules[f"{file.stem}_grpc"] = importlib.import_module(f"{package}.{file.stem}_pb2_grpc")
    return Contract(modules)
