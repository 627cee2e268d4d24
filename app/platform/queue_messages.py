"""What the queue holds: which task, of which row, from when; as JSON, since reading pickle would run what it says."""

import json
from datetime import datetime
from typing import Any

from huey.registry import Message
from huey.serializer import Serializer


class PlainMessages(Serializer):
    """Writes huey's messages as the name of a task and the id of a row, and nothing else."""

    def _serialize(self, data: Any) -> bytes:
        if not isinstance(data, Message):
            return json.dumps(data).encode()
        eta = data.eta.isoformat() if data.eta else None
        return json.dumps({"task": data.name, "id": data.id, "arguments": list(data.args), "eta": eta}).encode()

    def _deserialize(self, data: bytes) -> Any:
        said = json.loads(data)
        if not isinstance(said, dict):
            return said
        eta = datetime.fromisoformat(said["eta"]) if said["eta"] else None
        message = dict.fromkeys(Message._fields) | {
            "id": str(said["id"]),
            "name": str(said["task"]),
            "eta": eta,
            "retries": 0,
            "retry_delay": 0,
            "args": tuple(str(argument) for argument in said["arguments"]),
            "kwargs": {},
        }
        return Message(**message)
