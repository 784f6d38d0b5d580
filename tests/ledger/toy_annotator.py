"""An annotator at work, in a process of its own that may be killed: every answer acknowledged is printed.

    python toy_annotator.py FILE NAME ANSWERS [SECOND]

With SECOND, the process kills itself that many seconds after it began to answer. What an earlier process
had not got acknowledged lies in the outbox file, and is sent again first.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

from modelwright.ledger.annotations import AnnotationStore
from modelwright.records import Given


def kill_after(seconds: float) -> None:
    time.sleep(seconds)
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    file, name, answers = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    outbox = file.with_name(f"{name}.outbox")
    store = AnnotationStore(file)
    if len(sys.argv) > 4:
        threading.Thread(target=kill_after, args=(float(sys.argv[4]),), daemon=True).start()
    sent = json.loads(outbox.read_text()) if outbox.exists() else None
    for _ in range(answers):
        if sent is None:
            dealt = store.deal(name, tab="one")
            if not dealt:
                return
            sent = {"answer_id": os.urandom(8).hex(), "key": dealt[0].key}
            outbox.with_suffix(".new").write_text(json.dumps(sent))
            outbox.with_suffix(".new").replace(outbox)
        given = Given(answer_id=sent["answer_id"], annotator=name, key=sent["key"], value="yes", seconds=0.1)
        receipts = [store.record(given) for _ in range(2)]  # a double click
        assert receipts[1].again
        sys.stdout.write(sent["answer_id"] + "\n")
        sys.stdout.flush()
        outbox.unlink()
        sent = None


if __name__ == "__main__":
    main()
