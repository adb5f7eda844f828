"""Google's own SQL analyzer, which ships as WebAssembly, called with little ceremony.

The package's client copies every byte of a request in Python and turns each answer into Python
objects; here memory is copied whole and only the protocol buffers are used. The compiled module is
kept beside the interpreter, because compiling takes longer than everything else at the start.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
import threading
from importlib.metadata import version
from pathlib import Path
from typing import Any

import wasmtime
from google._upb import _message
from zetasql.core.wasm_client import WasmClient, get_tzinfo_dir
from zetasql.wasi import get_wasm_path
from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2 as service

# A resolved statement nests deeper than protocol buffers are read by default.
_message.SetAllowOversizeProtos(True)

COMPILED = Path(sys.prefix) / f"zetasql-{version('wasmtime')}.compiled"


class Refused(Exception):
    """The analyzer does not take a statement; the message is its own."""


class Client(WasmClient):  # type: ignore[misc]
    """The package's client with a compiled module from disk and memory copied in one piece."""

    def __init__(self) -> None:
        wasi = wasmtime.WasiConfig()
        if zones := get_tzinfo_dir():
            wasi.preopen_dir(zones, "/usr/share/zoneinfo")
        config = wasmtime.Config()
        config.shared_memory = True
        engine = wasmtime.Engine(config)
        self.store = wasmtime.Store(engine)
        self.store.set_wasi(wasi)
        self.module = compiled_module(engine)
        linker = wasmtime.Linker(engine)
        linker.define_wasi()
        self.instance = linker.instantiate(self.store, self.module)
        exports: Any = self.instance.exports(self.store)
        self.exports = exports
        self.memory: Any = exports["memory"]
        exports["_initialize"](self.store)

    def write_bytes(self, ptr: int, data: bytes) -> None:
        """Copy a request into the analyzer's memory."""
        ctypes.memmove(self.address(ptr), data, len(data))

    def read_bytes(self, ptr: int, size: int) -> bytes:
        """Copy an answer out of the analyzer's memory."""
        return ctypes.string_at(self.address(ptr), size)

    def address(self, ptr: int) -> int:
        """Return where a place in the analyzer's memory lies in this process."""
        start = ctypes.cast(self.memory.data_ptr(), ctypes.c_void_p).value
        assert start is not None, "the analyzer has no memory"
        return start + ptr


def compiled_module(engine: wasmtime.Engine) -> wasmtime.Module:
    """Return the analyzer's module: from disk where an earlier start left it, else compiled."""
    if COMPILED.is_file():
        # A file of another machine or version is refused, and made anew.
        with contextlib.suppress(wasmtime.WasmtimeError):
            return wasmtime.Module.deserialize_file(engine, str(COMPILED))
    module = wasmtime.Module.from_file(engine, str(get_wasm_path()))
    half_written = COMPILED.with_suffix(f".{os.getpid()}")
    half_written.write_bytes(module.serialize())
    half_written.replace(COMPILED)
    return module


class Analyzer:
    """One analyzer; whoever calls from another thread waits."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.client = Client()

    def call(self, method: str, request: Any, answer: Any) -> Any:
        """Call a method of the analyzer's service. Raises Refused with what it says."""
        with self.lock:
            try:
                return self.client.call_grpc_func(f"ZetaSqlLocalService_{method}", request, answer)
            except wasmtime.Trap as trap:
                # Memory of a module that trapped cannot be trusted.
                self.client = Client()
                raise Refused(f"The analyzer stopped: {trap}") from trap
            except Exception as refusal:
                raise Refused(str(refusal)) from refusal

    def analyze(self, request: service.AnalyzeRequest) -> service.AnalyzeResponse:
        """Return the resolved statement of a request. Raises Refused."""
        return self.call("Analyze", request, service.AnalyzeResponse)

    def parse_script(self, sql: str, language: Any) -> Any:
        """Return the syntax tree of a script. Raises Refused."""
        request = service.ParseRequest(sql_statement=sql, options=language, allow_script=True)
        return self.call("Parse", request, service.ParseResponse).parsed_script

    def table_names(self, sql: str, language: Any) -> list[tuple[str, ...]]:
        """Return the names of the tables that a statement reads or writes, as paths.

        Raises Refused where the statement has no valid syntax.
        """
        request = service.ExtractTableNamesFromStatementRequest(sql_statement=sql, options=language)
        answer = self.call(
            "ExtractTableNamesFromStatement",
            request,
            service.ExtractTableNamesFromStatementResponse,
        )
        return sorted({tuple(name.table_name_segment) for name in answer.table_name})

    def maximum_features(self) -> list[int]:
        """Return every released feature of the language, as numbers."""
        request = service.LanguageOptionsRequest(maximum_features=True)
        from zetasql.wasi._pb2.zetasql.proto import options_pb2

        answer = self.call("GetLanguageOptions", request, options_pb2.LanguageOptionsProto)
        return list(answer.enabled_language_features)
