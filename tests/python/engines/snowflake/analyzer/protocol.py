"""The analyzer's protocol: its messages, and the calls it answers."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

SERVICE = "zetasql.local_service.ZetaSqlLocalService"
CALL_SECONDS = 60.0
# Statements of this project reach a hundred kilobytes, and what is made of them a megabyte.
UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


class Protocol:
    """Messages and enumerations, as described in a descriptor set."""

    def __init__(self, descriptors: Path) -> None:
        files = descriptor_pb2.FileDescriptorSet.FromString(descriptors.read_bytes())
        self.pool = descriptor_pool.DescriptorPool()
        for file in files.file:
            self.pool.Add(file)
        self.message = cache(self._message)
        self.numbers = cache(self._numbers)

    def _message(self, name: str) -> Any:
        """Return the class of a message of the package zetasql."""
        return message_factory.GetMessageClass(self.pool.FindMessageTypeByName(f"zetasql.{name}"))

    def _numbers(self, enumeration: str) -> dict[str, int]:
        """Return name -> number of an enumeration of the package zetasql."""
        values = self.pool.FindEnumTypeByName(f"zetasql.{enumeration}").values
        return {value.name: value.number for value in values}

    def kind(self, name: str) -> int:
        """Return the number of a type such as NUMERIC or VARIANT."""
        return self.numbers("TypeKind")[f"TYPE_{name}"]

    def kind_name(self, number: int) -> str:
        """Return the name of a type such as NUMERIC or VARIANT."""
        names = {value: key for key, value in self.numbers("TypeKind").items()}
        return names[number].removeprefix("TYPE_")


class Service:
    """The calls of a running analyzer."""

    def __init__(self, protocol: Protocol, port: int) -> None:
        self.protocol = protocol
        self.channel = grpc.insecure_channel(f"127.0.0.1:{port}", options=UNLIMITED)
        self.methods = protocol.pool.FindServiceByName(SERVICE).methods_by_name

    def wait(self, seconds: float) -> None:
        """Return as soon as the analyzer answers. Raises grpc.FutureTimeoutError."""
        grpc.channel_ready_future(self.channel).result(timeout=seconds)

    def call(self, method: str, request: Any) -> Any:
        """Make a call and return its answer. Raises as `ask` does."""
        answer = message_factory.GetMessageClass(self.methods[method].output_type)
        return answer.FromString(self.ask(method, request))

    def ask(self, method: str, request: Any) -> bytes:
        """Make a call and return the bytes of its answer.

        Raises grpc.RpcError, whose details() is what the analyzer says.
        """
        answered = self.channel.unary_unary(
            f"/{SERVICE}/{method}", request_serializer=lambda message: message.SerializeToString()
        )
        answer: bytes = answered(request, timeout=CALL_SECONDS)
        return answer
