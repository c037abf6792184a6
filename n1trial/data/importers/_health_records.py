"""Records of sleep as Apple's HealthKit keeps them: one state of one watch, phone or app, from when to when.

The export of Apple Health, tables made of it, and Health Auto Export hold the same records.
"""

import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from n1trial.data.importers._archive import printable
from n1trial.data.importers._clock_text import clock_time
from n1trial.data.importers._damaged import rejection
from n1trial.data.importers._intervals import Stage, named_zone
from n1trial.data.importers._source import Member, Source
from n1trial.errors import ExportError, HomeZoneError

_RECORDS_LIMIT = 1_000_000
# A note names the first damaged records; the others are counted.
_NAMED = 5
_VALUE = "HKCategoryValueSleepAnalysis"
# By the end of Apple's names, by its numbers, and by what Health Auto Export calls them; None is in bed.
_STAGE_OF: dict[str, Stage | None] = {
    **dict.fromkeys(("inbed", "0"), None),
    **dict.fromkeys(("asleep", "asleepunspecified", "unspecified", "1"), "asleep"),
    **dict.fromkeys(("awake", "2"), "awake"),
    **dict.fromkeys(("asleepcore", "core", "3"), "light"),
    **dict.fromkeys(("asleepdeep", "deep", "4"), "deep"),
    **dict.fromkeys(("asleeprem", "rem", "5"), "rem"),
}
# The model that Apple gives; what people call a device is left out, it is often their name.
_HARDWARE = re.compile(r"\b(?:Watch|iPhone|iPad)\d{1,2},\d{1,2}\b")


# A struct of msgspec costs half the memory of a class, and there can be a million.
class Fragment(msgspec.Struct, frozen=True, gc=False):
    """One record of one source: a state, from when to when; of a damaged one only the end that can be read."""

    where: str
    start: datetime
    end: datetime
    stage: Stage | None = None
    zone: str = ""
    hardware: str = ""
    by_hand: bool = False
    damaged: bool = False


@dataclass(slots=True)
class HealthRecords:
    """The records of sleep of one export, as they are read; a damaged one refuses itself."""

    where: str
    read_time: Callable[[str, str], datetime] = clock_time
    fragments: dict[str, list[Fragment]] = field(default_factory=lambda: defaultdict(list))
    exported: datetime | None = None
    total: int = 0
    damaged: int = 0
    refused: list[ExportError] = field(default_factory=list)

    def add(self, record: Mapping[str, str], *, where: str = "") -> None:
        """Take a record by Apple's names: ``sourceName``, ``startDate``, ``endDate``, ``value``, ``HKTimeZone``."""
        self.total += 1
        if self.total > _RECORDS_LIMIT:
            raise ExportError(
                f"more than {_RECORDS_LIMIT} records of sleep", place=self.where, remedy="export it again"
            )
        where = where or f"{self.where} › record {self.total}"
        fragments = self.fragments[record.get("sourceName", "")]
        try:
            fragments.append(self._whole(record, where))
        except HomeZoneError:
            raise
        except ExportError as error:
            self.refuse(error)
            fragments.extend(self._readable_end(record, where))

    def refuse(self, error: ExportError) -> None:
        """Count a record that cannot be read."""
        self.damaged += 1
        if len(self.refused) < _NAMED:
            self.refused.append(error)

    def report_damaged(self, source: Source, member: Member) -> None:
        """Say how many records could not be read.

        Raises
        ------
        ExportError
            More than half could not.
        """
        if 2 * self.damaged > self.total:
            raise self.refused[0]
        if self.refused:
            source.note(rejection(member, self.refused, total=self.total, count=self.damaged))

    def _whole(self, record: Mapping[str, str], where: str) -> Fragment:
        value = record.get("value", "")
        stage = "".join(value.removeprefix(_VALUE).lstrip(".").split()).casefold()
        if stage not in _STAGE_OF:
            raise ExportError(
                f"the value of sleep {printable(value)} is not known", place=where, remedy="export it again"
            )
        zone = record.get("HKTimeZone", "")
        if zone:
            # The same text for all, which a million copies are not.
            zone = named_zone(zone, where).key
        hardware = _HARDWARE.search(record.get("device", ""))
        return Fragment(
            self.where,
            self.read_time(record.get("startDate", ""), where),
            self.read_time(record.get("endDate", ""), where),
            _STAGE_OF[stage],
            zone,
            sys.intern(hardware[0]) if hardware else "",
            record.get("HKWasUserEntered") == "1",
        )

    def _readable_end(self, record: Mapping[str, str], where: str) -> Iterator[Fragment]:
        for name in ("startDate", "endDate"):
            try:
                time = self.read_time(record.get(name, ""), where)
            except ExportError:
                continue
            yield Fragment(self.where, time, time, damaged=True)
            return
