"""Values on their way to the client that fakesnow sends wrongly."""

from __future__ import annotations

import fakesnow.arrow
import pyarrow as pa
import pyarrow.compute as pc

plain_timestamps = fakesnow.arrow.timestamp_to_sf_struct


def timestamps(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Return times as the client reads them; null stays null, where fakesnow's own is 1970."""
    made = plain_timestamps(values)
    combined = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    missing = pc.is_null(combined)
    fields = list(made.type)
    parts = [pc.fill_null(part, 0) for part in made.flatten()]
    return pa.StructArray.from_arrays(parts, fields=fields, mask=missing)
