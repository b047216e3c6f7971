"""Smallbatch from Python: ask, read curves, compare, and report runs.

One file, standard library only, Python 3.9 or later: copy it beside your script. It follows docs/protocol.md.

    from smallbatch import Client
    client = Client()                                   # SMALLBATCH_URL, SMALLBATCH_TOKEN
    for g in client.aggregate(by=["batchNorm", "batchSize"], best=["baseLearningRate"]):
        print(g["batchNorm"], g["batchSize"], g["mean"], g["n"])
    with client.create_run(name="mine", dataset="cifar10", axes={...}, seed=0) as run:
        run.log(step=390, epoch=1, train_loss=1.9, test_accuracy=0.41)
"""

from __future__ import annotations

import array
import atexit
import email.utils
import http.client
import json
import math
import os
import random
import re
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

__all__ = [
    "Client", "Table", "Curve", "Curves", "Comparison", "Run", "SmallbatchError", "ApiError", "Unauthenticated",
    "Forbidden", "BadInput", "Unreachable", "RunError", "PandasMissing",
]  # fmt: skip


# Errors: each has a `code`.


class SmallbatchError(Exception):
    """Anything that this module raises; `code` is for programs, the message for people."""

    code = "UNKNOWN"
    #: Whether the same request may fare better later.
    passing = False
    #: Seconds that the server asks to wait.
    retry_after = None

    def __init__(self, message, code=None):
        super().__init__(message)
        if code is not None:
            self.code = code


class ApiError(SmallbatchError):
    """The API answered with a fault: its code and message say what to change."""


class Unauthenticated(ApiError):
    """No token, or a wrong one."""


class Forbidden(ApiError):
    """The token may not do this."""


class BadInput(ApiError):
    """The request is wrong: BAD_INPUT, or a document that the schema does not allow."""


class Unreachable(SmallbatchError):
    """The API could not be reached, however often it was tried."""

    code = "UNREACHABLE"
    passing = True


class RunError(SmallbatchError):
    """A run that cannot be made, or cannot be reported on: RUN_EXISTS, INVALID_INPUT, LEASE_LOST, REFUSED, NOT_DELIVERED, ENDED."""


class PandasMissing(SmallbatchError, ImportError):
    """`to_pandas()` where there is no pandas."""

    code = "PANDAS_MISSING"


_TYPES = {
    "UNAUTHENTICATED": Unauthenticated,
    "FORBIDDEN": Forbidden,
    "BAD_INPUT": BadInput,
    "BAD_USER_INPUT": BadInput,
    "GRAPHQL_VALIDATION_FAILED": BadInput,
    "GRAPHQL_PARSE_FAILED": BadInput,
}


# Columns, tables.


_NON_FINITE = {"NAN": math.nan, "POSITIVE_INFINITY": math.inf, "NEGATIVE_INFINITY": -math.inf}


def _to_json(values):
    """A column as it travels: null, and what it is in nonFinite."""
    if all(map(math.isfinite, values)):
        return values, []
    kinds = [
        {"index": i, "kind": "NAN" if math.isnan(v) else "POSITIVE_INFINITY" if v > 0 else "NEGATIVE_INFINITY"}
        for i, v in enumerate(values)
        if not math.isfinite(v)
    ]
    return [v if math.isfinite(v) else None for v in values], kinds


def _numbers(values):
    """Numbers as an array of doubles, NaN where one is absent."""
    return array.array("d", (math.nan if v is None else v for v in values))


def _pandas():
    try:
        import pandas
    except ImportError:
        raise PandasMissing("to_pandas() needs pandas, which is not installed here: pip install pandas") from None
    return pandas


def _flat(row, before=""):
    """One level of names: {"ci95": {"low": 1}} becomes {"ci95.low": 1}, a list of named things goes by their names."""
    flat = {}
    for name, value in row.items():
        if isinstance(value, list) and value and all(isinstance(v, dict) and "name" in v for v in value):
            value = {v["name"]: {k: w for k, w in v.items() if k != "name"} for v in value}
        if isinstance(value, dict) and value:
            flat.update(_flat(value, f"{before}{name}."))
        else:
            flat[before + name] = value
    return flat


class Table(list):
    """Rows as dicts. `info` has what was said of the whole."""

    def __init__(self, rows=(), info=None):
        super().__init__(rows)
        self.info = info or {}

    def to_pandas(self):
        return _pandas().DataFrame([_flat(row) for row in self])


class _Rows:
    """An iterator over all pages."""

    def __init__(self, rows):
        self._rows = rows

    def __iter__(self):
        return self

    def __next__(self):
        return next(self._rows)

    def to_pandas(self):
        return Table(self._rows).to_pandas()


class Comparison(dict):
    """The answer to `compare`: statistics by name, and `pairs`, `unmatchedA`, `unmatchedB` as tables, complete."""

    def to_pandas(self):
        return self["pairs"].to_pandas()


class Curve:
    """Points of one metric of one run in the order of their steps, as columns of one length."""

    __slots__ = ("run", "metric", "steps", "values", "epochs", "samples_seen", "wall_times", "count")

    def __init__(self, metric, answer):
        self.run = answer["run"]["key"]
        self.metric = metric
        self.steps = array.array("q", answer["steps"])
        self.values = _numbers(answer["values"])
        for point in answer["nonFinite"]:
            self.values[point["index"]] = _NON_FINITE[point["kind"]]
        #: NaN where none was reported, as in samples_seen.
        self.epochs = _numbers(answer["epochs"])
        self.samples_seen = _numbers(answer["samplesSeen"])
        self.wall_times = _numbers(answer["wallTimes"])
        #: Points that there are, before any thinning.
        self.count = answer["count"]

    def __len__(self):
        return len(self.steps)


class Curves(list):
    """Curves of one metric. `sampled` says whether points were left out, of how many (`of`), and how (`method`)."""

    def __init__(self, answer):
        super().__init__(Curve(answer["metric"], one) for one in answer["curves"])
        self.metric, self.sampled, self.of, self.method = (answer[k] for k in ("metric", "sampled", "of", "method"))

    def to_pandas(self):
        """A row for each point."""
        pandas = _pandas()
        names = {"step": "steps", "epoch": "epochs", "samplesSeen": "samples_seen", "wallTime": "wall_times", "value": "values"}
        columns = {"run": [c.run for c in self for _ in range(len(c))]}
        for name, attribute in names.items():
            columns[name] = [v for c in self for v in getattr(c, attribute)]
        return pandas.DataFrame(columns)


# Questions.


def _axis(name):
    """`batchSize`, `batch_size` or `BATCH_SIZE` as the API's word for the axis."""
    word = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", str(name)).upper()
    if not re.fullmatch(r"[A-Z][A-Z0-9_]*", word):
        raise BadInput(f"invalid axis {name!r}: a name such as batchSize", "BAD_INPUT")
    return word


def _axes(names):
    return None if names is None else [_axis(name) for name in ([names] if isinstance(names, str) else names)]


def _select(axes):
    """The fields that axes are read by."""
    words = (axis.lower().split("_") for axis in axes or [])
    names = (first + "".join(w.title() for w in rest) for first, *rest in words)
    return " ".join("budget { unit value epochs }" if name == "budget" else name for name in names)


_RUN = """key status diverged divergedStep duplicate reason dataset { name } model width batchSize batchSchedule
baseLearningRate schedule warmUp momentum nesterov weightDecay batchNorm batchNormScope bnBatch augmentation
budget { unit value epochs } evaluateEvery seed hyper info member { key } sweep { key } engine settingHash configurationHash
createdAt startedAt endedAt step samplesSeen deviceSeconds
metrics(names: $metrics) { name goal count nonFiniteCount last lastStep best bestStep min max mean medianLast5 medianOf }"""
_STATISTICS = """unit n runs settings mean sd sem ci95 { low high } min max diverged failed unfinished duplicates withoutValue
varying varyingParams"""
_DIFFERENCE = "n mean sd sem ci95 { low high } min median max wins ties losses verdict"
_PART = 1000
_LONGEST_WAIT = 60


class Client:
    """Asks one API. Without arguments SMALLBATCH_URL (http://localhost:4000) and SMALLBATCH_TOKEN say which, and as whom."""

    def __init__(self, url=None, token=None, retries=4, timeout=60):
        self.url = (url or os.environ.get("SMALLBATCH_URL") or "http://localhost:4000").rstrip("/")
        self.token = token or os.environ.get("SMALLBATCH_TOKEN") or None
        self.retries = retries
        self.timeout = timeout
        host = urllib.parse.urlsplit(self.url).hostname or ""
        local = host in ("localhost", "::1") or host.endswith(".localhost") or host.startswith("127.")
        # A proxy that the environment names has no way to this machine's own API.
        handlers = [urllib.request.ProxyHandler({})] if local else []
        self._opener = urllib.request.build_opener(*handlers)

    def query(self, document, variables=None):
        """Asks; tried again when the API cannot be reached. The answer's data as a dict."""
        return self._send(document, variables, self.retries)

    def mutate(self, document, variables=None, idempotent=False):
        """Changes something. Tried again only when `idempotent`: the API answers a repeated one as the first."""
        return self._send(document, variables, self.retries if idempotent else 0)

    def _send(self, document, variables, tries):
        body = json.dumps({"query": document, "variables": variables or {}}).encode()
        attempt = 0
        while True:
            try:
                return self._once(body)
            except SmallbatchError as error:
                if not error.passing or attempt >= tries:
                    raise
                pause = min(5, 0.1 * 2**attempt) * random.uniform(0.5, 1)
                time.sleep(max(pause, error.retry_after or 0))
                attempt += 1

    def _once(self, body):
        request = urllib.request.Request(f"{self.url}/graphql", body, {"Content-Type": "application/json"})
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        try:
            try:
                with self._opener.open(request, timeout=self.timeout) as response:
                    status, headers, text = response.status, response.headers, response.read()
            except urllib.error.HTTPError as error:
                with error:
                    status, headers, text = error.code, error.headers, error.read()
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            raise Unreachable(
                f"cannot reach the API at {self.url}: {reason}. Is it running? (npm start; SMALLBATCH_URL)"
            ) from None
        busy = status == 429 or status >= 500
        try:
            answer = json.loads(text)
            fault = (answer.get("errors") or [None])[0]
        except (ValueError, AttributeError):
            if busy:
                raise self._wait(Unreachable(f"the API at {self.url} answers {status}"), headers) from None
            raise ApiError(f"{self.url} answers {status} and no JSON: is it a Smallbatch API?", "BAD_ANSWER") from None
        if fault:
            code = (fault.get("extensions") or {}).get("code", "UNKNOWN")
            error = _TYPES.get(code, ApiError)(fault["message"], code)
        elif not answer.get("data"):
            error = ApiError(f"the API answered {status} without data", "BAD_ANSWER")
        else:
            return answer["data"]
        error.passing = busy or error.code == "INTERNAL"
        raise self._wait(error, headers) if busy else error

    @staticmethod
    def _wait(error, headers):
        """Notes the header Retry-After, in seconds or as a date."""
        said = (headers.get("Retry-After") or "").strip()
        try:
            seconds = int(said) if said.isdigit() else email.utils.parsedate_to_datetime(said).timestamp() - time.time()
            error.retry_after = min(_LONGEST_WAIT, max(0, seconds))
        except (TypeError, ValueError):
            pass
        return error

    def runs(self, where=None, order_by=None, metrics=(), fields=None):
        """All runs that match, page after page, as dicts; `metrics` names the summaries that come along.

        `fields` is a GraphQL selection in place of the usual one.
        """
        selection = fields or _RUN
        used = "$metrics: [String!], " if "$metrics" in selection else ""
        document = f"""query Runs({used}$where: RunFilter, $orderBy: [RunOrder!], $after: String) {{
          runs(where: $where, orderBy: $orderBy, first: 100, after: $after) {{
            nodes {{ {selection} }} pageInfo {{ hasNextPage endCursor }} }} }}"""
        variables = {"where": where, "orderBy": order_by}
        if used:
            variables["metrics"] = list(metrics)

        def rows():
            after = None
            while True:
                page = self.query(document, {**variables, "after": after})["runs"]
                yield from page["nodes"]
                if not page["pageInfo"]["hasNextPage"]:
                    return
                after = page["pageInfo"]["endCursor"]

        return _Rows(rows())

    def aggregate(
        self, by, where=None, best=None, metric="test_accuracy", value="MEDIAN_LAST_5", select_seeds=None,
        by_params=None, fields="",
    ):  # fmt: skip
        """Statistics of a metric by axes: one row for each group, with the axes under their names.

        `fields` is a GraphQL selection to have besides, for example "median" or "usableRange(axis: …) { … }".
        """
        by, best = _axes(by), _axes(best)
        chosen = f"best {{ {_select(best)} candidates seeds settingHash }}" if best else ""
        params = "params" if by_params else ""
        document = f"""query Aggregate($where: RunFilter, $by: [Axis!]!, $byParams: [String!], $best: [Axis!], $selectSeeds: [SafeInt!],
            $metric: String!, $value: RunValue!) {{
          aggregate(where: $where, by: $by, byParams: $byParams, best: $best, selectSeeds: $selectSeeds, metric: $metric, value: $value) {{
            metric goal value runs groups {{ {_select(by)} {params} {_STATISTICS} {chosen} {fields} }} }} }}"""
        variables = {
            "where": where, "by": by, "byParams": by_params, "best": best, "selectSeeds": select_seeds, "metric": metric,
            "value": value,
        }  # fmt: skip
        answer = self.query(document, variables)["aggregate"]
        return Table(answer.pop("groups"), answer)

    def compare(
        self, a, b, within=None, ignoring=None, best=None, metric="test_accuracy", value="MEDIAN_LAST_5",
        select_seeds=None, by=None,
    ):  # fmt: skip
        """Two filters, paired setting by setting: mean difference a − b, its interval, the verdict, pairs, what did not match."""
        by = _axes(by)
        groups = f"by(axes: $by) {{ {_select(by)} {_DIFFERENCE} }}" if by else ""
        side = "keys mean runs hyper"
        document = f"""query Compare($a: RunFilter!, $b: RunFilter!, $within: RunFilter, $ignoring: [Axis!], $best: [Axis!],
            $selectSeeds: [SafeInt!], $metric: String!, $value: RunValue!, $skip: Int!{", $by: [Axis!]!" if by else ""}) {{
          compare(a: $a, b: $b, within: $within, ignoring: $ignoring, best: $best, selectSeeds: $selectSeeds, metric: $metric, value: $value) {{
            metric goal {_DIFFERENCE} ignored inBoth withoutValueA withoutValueB unmatchedCountA unmatchedCountB {groups}
            pairs(first: {_PART}, skip: $skip) {{ difference a {{ {_SETTING} {side} }} b {{ {_SETTING} {side} }} }}
            unmatchedA(first: {_PART}, skip: $skip) {{ {_SETTING} {side} keptBy keptByParams }}
            unmatchedB(first: {_PART}, skip: $skip) {{ {_SETTING} {side} keptBy keptByParams }} }} }}"""
        variables = {
            "a": a, "b": b, "within": within, "ignoring": _axes(ignoring), "best": _axes(best), "selectSeeds": select_seeds,
            "metric": metric, "value": value,
        }  # fmt: skip
        if by:
            variables["by"] = by
        answer = self.query(document, {**variables, "skip": 0})["compare"]
        lists = ("pairs", "unmatchedA", "unmatchedB")
        most = max(answer["n"], answer["unmatchedCountA"], answer["unmatchedCountB"])
        for skip in range(_PART, most, _PART):
            more = self.query(document, {**variables, "skip": skip})["compare"]
            for name in lists:
                answer[name] += more[name]
        for name in lists:
            answer[name] = Table(answer[name])
        if by:
            answer["by"] = Table(answer["by"])
        return Comparison(answer)

    def curves(self, metric, where, max_points=None):
        """Complete curves of a metric as arrays, unless `max_points` asks for fewer points of each."""
        document = """query Curves($where: RunFilter!, $metric: String!, $maxPoints: Int) {
          curves(where: $where, metric: $metric, maxPoints: $maxPoints) {
            metric sampled of method
            curves { run { key } steps epochs samplesSeen wallTimes values nonFinite { index kind } count } } }"""
        return Curves(self.query(document, {"where": where, "metric": metric, "maxPoints": max_points})["curves"])

    def create_run(self, name, dataset, axes, seed=0, hyper=None, info=None, duplicate=False, spool=None):
        """A run of one's own training script: `log` its metrics, then `finish` it; or use it in a `with`."""
        given = {"name": name, "dataset": dataset, "axes": axes, "seed": seed, "duplicate": duplicate}
        given.update({k: v for k, v in (("hyper", hyper), ("info", info)) if v is not None})
        return Run(self, given, spool or self.spool())

    def spool(self):
        """Where scripts leave what they could not deliver to this API: what they leave for one is not sent to another."""
        home = os.environ.get("SMALLBATCH_HOME") or os.path.join(os.path.expanduser("~"), ".smallbatch")
        return os.path.join(home, "spool", _quote(urllib.parse.urlsplit(self.url).netloc.split("@")[-1]))

    def deliver(self, spool=None, seconds=30):
        """Delivers what earlier scripts left in the spool; True when nothing is left."""
        reporter = _Reporter(self, spool or self.spool())
        reporter.close(seconds)
        return reporter.empty


_SETTING = _select(
    _axes("dataset model width batchSize batchSchedule baseLearningRate schedule warmUp momentum nesterov weightDecay "
          "batchNorm batchNormScope bnBatch augmentation budget evaluateEvery".split())
)  # fmt: skip


# The reporter (docs/protocol.md: reporting, the spool).


_REPORT = """mutation ReportMetrics($input: ReportMetricsInput!) { reportMetrics(input: $input) { results { __typename
  ... on LimitReached { message } ... on LeaseLost { message } ... on SequenceGap { message } ... on InvalidInput { message } ... on NotFound { message } } } }"""
_FINISH = """mutation FinishRun($input: FinishRunInput!) { finishRun(input: $input) { results { __typename
  ... on LeaseLost { message } ... on SequenceGap { message } ... on InvalidInput { message } ... on NotFound { message } } } }"""
_CREATE = """mutation CreateRun($input: CreateRunInput!) { createRun(input: $input) { __typename
  ... on CreateRunSuccess { heartbeatSeconds worker { id } claim { attempt run { id key } } }
  ... on RunExists { message run { key } }
  ... on InvalidInput { message problems { path message allowed } } } }"""
_BEAT = """mutation Beat($input: HeartbeatInput!) { heartbeat(input: $input) { __typename
  ... on HeartbeatSuccess { commands { run attempt command } } } }"""

_FLUSH_SECONDS = 0.5
_MESSAGE_BYTES = 900_000
_ENVELOPE = 2_000
_MESSAGE_ENTRIES = 1_000
_BATCH_BYTES = 440_000
_MANY_POINTS = 2_000
_SIGN_OF_LIFE = 60
_ACCESS = {"UNAUTHENTICATED", "FORBIDDEN"}


def _quote(text):
    return urllib.parse.quote(text, safe="-_.!~*'()")


def _compact(value):
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def _batches(points):
    """The columns of points as JSON, each below _BATCH_BYTES. A point is (step, epoch, samples seen, wall time, values)."""
    text = _compact(_columns(points))
    if len(text) <= _BATCH_BYTES:
        yield text
    elif len(points) > 1:
        half = len(points) // 2
        yield from _batches(points[:half])
        yield from _batches(points[half:])
    else:
        *where, values = points[0]
        names = list(values)
        if len(names) == 1:
            yield text
            return
        half = len(names) // 2
        for some in (names[:half], names[half:]):
            yield from _batches([(*where, {name: values[name] for name in some})])


def _uniform(points):
    """Cuts where a metric's points begin, or cease, to have an epoch or samples seen; and into handy pieces."""
    start, shapes = 0, {}
    for i, (_step, epoch, samples, _wall, values) in enumerate(points):
        shape = (epoch is None, samples is None)
        if i - start >= _MANY_POINTS or any(shapes.get(name, shape) != shape for name in values):
            yield points[start:i]
            start, shapes = i, {}
        for name in values:
            shapes[name] = shape
    if start < len(points):
        yield points[start:]


def _columns(points):
    """A series for each metric."""
    by_metric = {}
    for point in points:
        for metric, value in point[4].items():
            mine, values = by_metric.setdefault(metric, ([], []))
            mine.append(point)
            values.append(value)
    series = []
    for metric, (mine, values) in by_metric.items():
        steps, epochs, samples, walls, _values = zip(*mine)
        values, non_finite = _to_json(values)
        one = {"metric": metric, "steps": steps, "wallTimes": walls, "values": values, "nonFinite": non_finite}
        if epochs[0] is not None:
            one["epochs"] = epochs
        if samples[0] is not None:
            one["samplesSeen"] = samples
        series.append(one)
    return series


_held = set()  # Files that reporters of this process write to.


class _Queue:
    """What one attempt has to say and the API has not acknowledged, in order, in a file of the spool."""

    def __init__(self, key, folder, path=None):
        self.key = key
        self.sequence = 0
        self.entries = []  # (kind, place in the file, bytes)
        self.first = 0
        self.size = 0
        self.path = path or os.path.join(folder, f"{_quote(key)}.{os.getpid()}.ndjson")
        self.fd = self._open()
        _held.add(self.path)
        self._load()

    def _open(self):
        os.makedirs(os.path.dirname(self.path), exist_ok=True)  # Another process may have removed it, empty as it was.
        return os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)

    def __len__(self):
        return len(self.entries) - self.first

    def at(self, place):
        place += self.first
        return self.entries[place] if place < len(self.entries) else None

    def text(self, entry):
        _kind, at, size = entry
        if isinstance(at, bytes):
            return at
        os.lseek(self.fd, at, os.SEEK_SET)
        parts = []
        while size > 0:
            part = os.read(self.fd, size)
            if not part:
                raise SmallbatchError(f"the spool file {self.path} was cut off by somebody", "SPOOL")
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def push(self, kind, texts):
        """Appends by one write. On disk when this returns; where the disk refuses, it is kept in memory and OSError raised."""
        lines = [text.encode() for text in texts]
        try:
            # Another process may have thought this one dead, and have delivered and removed its file.
            if os.fstat(self.fd).st_nlink == 0:
                self._renew()
            self._append(kind, lines)
        except OSError:
            self.entries += [(kind, line, len(line)) for line in lines]
            raise

    def _append(self, kind, lines):
        rest = memoryview(b"".join(line + b"\n" for line in lines))
        try:
            while rest:
                rest = rest[os.write(self.fd, rest) :]
        except OSError:
            os.ftruncate(self.fd, self.size)  # Half a line would spoil the next.
            raise
        for line in lines:
            self.entries.append((kind, self.size, len(line)))
            self.size += len(line) + 1

    def _renew(self):
        left = [(entry[0], self.text(entry)) for entry in self.entries[self.first :]]
        os.close(self.fd)
        self.fd = self._open()
        self.entries, self.first, self.size = [], 0, 0
        for kind, line in left:
            self._append(kind, [line])

    def shift(self):
        """The first is acknowledged."""
        self.first += 1
        if len(self) == 0:
            self.entries, self.first, self.size = [], 0, 0
            os.ftruncate(self.fd, 0)
        elif self.first >= 1024 and self.first * 2 > len(self.entries):
            del self.entries[: self.first]
            self.first = 0

    def close(self):
        """Ends it; what was not acknowledged stays on disk for the next process."""
        if self.fd is None:
            return
        os.close(self.fd)
        self.fd = None
        _held.discard(self.path)
        if len(self) == 0:
            _remove(self.path)

    def remove(self, keep=False):
        """Ends it for good. With `keep` the file stays beside for people to look at; returns where."""
        kept = None
        self.entries, self.first = [], 0
        if keep:
            try:
                kept = f"{self.path}.refused"
                os.replace(self.path, kept)
            except OSError:
                kept = None
        self.close()
        return kept

    def _load(self):
        """Finds the lines of a file that was there. A last line that a kill cut off was never promised to anyone."""
        last = None
        with open(self.path, "rb") as lines:
            for line in lines:
                if not line.endswith(b"\n"):
                    break
                kind = "report" if line.startswith(b'{"report"') else "finish" if line.startswith(b'{"finish"') else None
                if kind:
                    self.entries.append((kind, self.size, len(line) - 1))
                    last = line if kind == "report" else last
                self.size += len(line)
        if self.size < os.fstat(self.fd).st_size:
            os.ftruncate(self.fd, self.size)
        if last:
            self.sequence = json.loads(last)["report"]["sequence"]


def _remove(path):
    try:
        os.remove(path)
    except OSError:
        pass


def _alive(pid):
    if pid <= 0:
        return False
    if os.name == "nt":
        return True  # A signal of 0 would end it there: the sign of life decides alone.
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _take_over(folder):
    """Takes over what earlier processes left undelivered in a folder: by renaming, so that one process has each file."""
    os.makedirs(folder, exist_ok=True)
    for name in sorted(os.listdir(folder)):
        match = re.fullmatch(r"([^.]+)(?:\.(\d+))?\.ndjson", name)
        if not match:
            continue
        path, pid = os.path.join(folder, name), int(match[2] or 0)
        mine = os.path.join(folder, f"{match[1]}.{os.getpid()}.ndjson")
        try:
            if mine in _held or path in _held:
                continue
            written = pid != os.getpid() and _alive(pid) and time.time() - os.stat(path).st_mtime < _SIGN_OF_LIFE
            if written:
                continue
            if path != mine:
                os.rename(path, mine)
        except OSError:
            continue  # Another process was first.
        queue = _Queue(urllib.parse.unquote(match[1]), folder, mine)
        if len(queue):
            yield queue
        else:
            queue.remove()


class _Attempt:
    def __init__(self, run, attempt, queue):
        self.run, self.attempt, self.queue = run, attempt, queue
        self.points, self.sequence, self.lost = [], queue.sequence, False


class _Reporter:
    """Sends points at least once; each takes effect exactly once, by the sequence numbers of its attempt.

    One thread puts what was logged into the spool every half second, another one sends; `log` waits for neither.
    """

    def __init__(self, client, spool, on_discard=None, name=""):
        self.client, self.spool, self.name = client, spool, name
        self.on_discard = on_discard or (lambda attempt, batches, code, reason, kept: None)
        self.problem = None
        self._attempts = {}
        self._lock = threading.RLock()  # The attempts and their queues.
        self._sealing = threading.Lock()  # Batches are numbered by one thread at a time.
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._pid = os.getpid()
        for queue in _take_over(spool):
            run, attempt = queue.key.split(" ")
            self._attempts[queue.key] = _Attempt(run, int(attempt), queue)
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._keep, self._deliver)]
        for thread in self._threads:
            thread.start()
        atexit.register(self._at_exit)

    def _of(self, run, attempt):
        key = f"{run} {attempt}"
        if key not in self._attempts:
            self._attempts[key] = _Attempt(run, attempt, _Queue(key, self.spool))
        return self._attempts[key]

    def begin(self, run, attempt):
        with self._lock:
            self._of(run, attempt)

    def log(self, run, attempt, point):
        with self._lock:
            one = self._of(run, attempt)
            if not one.lost:
                one.points.append(point)

    def finish(self, end):
        self.seal()
        with self._lock:
            one = self._of(end["run"], end["attempt"])
            if one.lost:
                return
            self._push(one, "finish", [_compact({"finish": {**end, "sequence": one.sequence}})])
        self._wake.set()

    def seal(self):
        """Puts all that was logged into batches, and into the spool."""
        with self._sealing:
            with self._lock:
                taken = [(one, one.points) for one in self._attempts.values() if one.points]
                for one, _points in taken:
                    one.points = []
            for one, points in taken:
                texts = []
                for alike in _uniform(points):
                    for series in _batches(alike):
                        one.sequence += 1
                        head = _compact({"run": one.run, "attempt": one.attempt, "sequence": one.sequence})[:-1]
                        texts.append(f'{{"report":{head},"series":{series}}}}}')
                with self._lock:
                    if not one.lost:
                        self._push(one, "report", texts)
        if taken:
            self._wake.set()

    def _push(self, one, kind, texts):
        try:
            one.queue.push(kind, texts)
        except OSError as error:
            self._tell(f"the spool {self.spool} cannot be written: {error}; what is logged is kept in memory.")

    def _tell(self, problem):
        if self.problem is None:
            print(f"{self.name}: {problem} What is logged waits in {self.spool}.", file=sys.stderr)
        self.problem = str(problem)

    def _keep(self):
        while not self._stop.wait(_FLUSH_SECONDS):
            self.seal()

    def _deliver(self):
        failures = 0
        while not self._stop.is_set():
            self._wake.wait(_FLUSH_SECONDS)
            self._wake.clear()
            try:
                delivered = self._send()
            except Exception as error:  # A training does not end because its numbers cannot be sent.
                self._tell(error)
                delivered = False
            failures = 0 if delivered else failures + 1
            if failures:
                self._stop.wait(min(5, _FLUSH_SECONDS * 2**failures))

    def _send(self):
        """Sends what is in the queues; False where the rest has to wait."""
        while True:
            sent = False
            for kind in ("report", "finish"):
                parts = self._next(kind)
                if not parts:
                    continue
                if not self._ask(kind, parts):
                    with self._lock:
                        for one in self._attempts.values():
                            if len(one.queue):
                                os.utime(one.queue.path)  # A sign of life for other processes.
                    return False
                sent, self.problem = True, None
            if not sent:
                return True

    def _next(self, kind):
        """The next message: of each attempt what comes first, round after round, as much as a message holds."""
        with self._lock:
            parts, size, place = [], _ENVELOPE, 0
            open_ = list(self._attempts.values())
            while open_:
                open_ = [one for one in open_ if (one.queue.at(place) or (None,))[0] == kind]
                for one in open_:
                    entry = one.queue.at(place)
                    size += entry[2]
                    if parts and (size > _MESSAGE_BYTES or len(parts) == _MESSAGE_ENTRIES):
                        return parts
                    parts.append((one, json.loads(one.queue.text(entry))[kind]))
                place += 1
            return parts

    def _ask(self, kind, parts):
        """Sends one message. One that is refused is sent in halves, until it is clear what is at fault."""
        parts = [(one, entry) for one, entry in parts if not one.lost]
        if not parts:
            return True
        document, field, name = (
            (_REPORT, "reports", "reportMetrics") if kind == "report" else (_FINISH, "runs", "finishRun")
        )
        try:
            answer = self.client.mutate(document, {"input": {field: [entry for _, entry in parts]}}, idempotent=True)
        except SmallbatchError as error:
            if error.passing or error.code in _ACCESS:
                self._tell(error)
                return False
            if len(parts) == 1:
                self._discard(parts[0][0], error.code, str(error))
                return True
            half = len(parts) // 2
            return self._ask(kind, parts[:half]) and self._ask(kind, parts[half:])
        for (one, _entry), result in zip(parts, answer[name]["results"]):
            self._settle(one, kind, result)
        return True

    def _settle(self, one, kind, result):
        code = result["__typename"]
        if one.lost:
            return
        if code not in ("ReportAccepted", "RunFinished"):
            self._discard(one, code, result.get("message", code))
            return
        with self._lock:
            one.queue.shift()
            if kind == "finish" and not len(one.queue) and not one.points:
                one.queue.remove()
                self._attempts.pop(one.queue.key, None)

    def _discard(self, one, code, reason):
        with self._lock:
            batches = len(one.queue)
            one.lost, one.points = True, []
            kept = one.queue.remove(keep=code != "LeaseLost")
        self.on_discard(one, batches, code, reason, kept)

    @property
    def empty(self):
        with self._lock:
            return not any(one.points or len(one.queue) for one in self._attempts.values())

    def close(self, seconds=30):
        """Delivers what is left, for at most `seconds`; what then remains stays in the spool."""
        self.seal()
        self._wake.set()
        end = time.monotonic() + seconds
        while not self.empty and time.monotonic() < end:
            time.sleep(0.02)
        self._stop.set()
        self._wake.set()
        for thread in self._threads:
            thread.join(0.5)
        self.seal()
        if not any(thread.is_alive() for thread in self._threads):
            with self._lock:
                for one in self._attempts.values():
                    one.queue.close()
            try:
                os.rmdir(self.spool)
            except OSError:
                pass  # It is not empty.
        atexit.unregister(self._at_exit)

    def _at_exit(self):
        # A forked child has the parent's reporter, but it is not the child's to speak for.
        if os.getpid() == self._pid:
            self.close(5)


class Run:
    """A run of one's own training script, from its creation to its end."""

    def __init__(self, client, given, spool):
        self.key = given["name"]
        self.lost = None  # Why nothing is taken any more.
        self._id = None
        self._client = client
        self._spool = spool
        self._ended = False
        self._over = threading.Event()
        self._reporter = _Reporter(client, spool, self._discarded, self.key)
        try:
            # What an earlier process left comes first: a run that is not delivered yet could be this one.
            end = time.monotonic() + 10
            while not self._reporter.empty and self._reporter.problem is None and time.monotonic() < end:
                time.sleep(0.02)
            made = client.mutate(_CREATE, {"input": {**given, "idempotencyKey": str(uuid.uuid4())}}, idempotent=True)["createRun"]
            if made["__typename"] == "RunExists":
                raise RunError(f"{made['message']} ({made['run']['key']})", "RUN_EXISTS")
            if made["__typename"] == "InvalidInput":
                problems = (f"{'.'.join(p['path'][1:])}: {p['message']}; {p['allowed']}" for p in made["problems"])
                raise RunError("\n".join(problems), "INVALID_INPUT")
        except BaseException:
            self._reporter.close(0)
            raise
        self._id, self.key = made["claim"]["run"]["id"], made["claim"]["run"]["key"]
        self._attempt, self._worker = made["claim"]["attempt"], made["worker"]["id"]
        self._reporter.name = self.key
        self._reporter.begin(self._id, self._attempt)
        self._start = time.monotonic()
        self._last = (0, 0)
        self._beats = threading.Thread(target=self._beat, args=(made["heartbeatSeconds"],), daemon=True)
        self._beats.start()

    def log(self, step, epoch=None, samples_seen=None, **metrics):
        """Notes metrics at a step; returns at once. Durable on this machine half a second later."""
        if self._ended:
            raise RunError(f"{self.key}: it has ended: nothing more can be logged", "ENDED")
        if isinstance(step, float) and step.is_integer():
            step = int(step)
        if isinstance(step, bool) or not hasattr(step, "__index__") or not 0 <= step < 2**53:
            raise RunError(f"invalid step: {step!r}; a whole number from 0", "INVALID_INPUT")
        try:
            # Also what numpy or a framework has for a number.
            values = {name: float(value) for name, value in metrics.items() if not isinstance(value, (str, bytes))}
        except (TypeError, ValueError):
            values = {}
        if len(values) < len(metrics):
            raise RunError(f"invalid values: {metrics!r}; a number for each metric", "INVALID_INPUT")
        if self.lost:
            return
        step = step.__index__()
        epoch = None if epoch is None else float(epoch)
        samples_seen = None if samples_seen is None else int(samples_seen)
        self._last = (step, self._last[1] if samples_seen is None else samples_seen)
        self._reporter.log(self._id, self._attempt, (step, epoch, samples_seen, time.monotonic() - self._start, values))

    def finish(self, failed=None):
        """Ends the run when all its points are delivered; with `failed`, the reason, as failed."""
        if self._ended:
            raise RunError(f"{self.key}: it has ended already", "ENDED")
        self._ended = True
        self._over.set()
        end = {
            "run": self._id, "attempt": self._attempt, "outcome": "DONE" if failed is None else "FAILED", "reason": failed,
            "step": self._last[0], "samplesSeen": self._last[1], "deviceSeconds": time.monotonic() - self._start,
        }  # fmt: skip
        self._reporter.finish(end)
        self._reporter.close(30)
        if self.lost:
            raise RunError(*self.lost)
        if not self._reporter.empty:
            raise RunError(
                f"{self.key}: not delivered: {self._reporter.problem} What was logged lies in {self._spool}; "
                "Client().deliver(), or the next run that is created there, delivers it.",
                "NOT_DELIVERED",
            )

    def __enter__(self):
        return self

    def __exit__(self, kind, error, _trace):
        if self._ended:
            return
        if kind is None:
            self.finish()
            return
        try:
            self.finish(failed=f"{kind.__name__}: {error}")
        except SmallbatchError as second:
            print(second, file=sys.stderr)  # The script's own error is the one to raise.

    def _discarded(self, attempt, batches, code, reason, kept):
        where = f"; they are kept in {kept}" if kept else ""
        if attempt.run == self._id:
            self._lose(f"{reason}{where}", "LEASE_LOST" if code == "LeaseLost" else "REFUSED")
        else:
            print(f"{batches} batches that an earlier process left were refused: {reason}{where}", file=sys.stderr)

    def _lose(self, reason, code):
        if self.lost is None:
            self.lost = (f"{self.key}: {reason}; what was not delivered is discarded", code)
            print(self.lost[0], file=sys.stderr)

    def _beat(self, seconds):
        while not self._over.wait(seconds):
            run = {"run": self._id, "attempt": self._attempt, "step": self._last[0], "samplesSeen": self._last[1]}
            try:
                answer = self._client.mutate(_BEAT, {"input": {"worker": self._worker, "runs": [run]}})["heartbeat"]
            except SmallbatchError:
                continue  # The next one may arrive; what is logged is told by the reporter.
            for command in answer.get("commands", ()):
                if command["command"] == "LOST":
                    self._lose("another has taken it over, or it has ended", "LEASE_LOST")
                elif command["command"] == "STOP":
                    self._lose("it was cancelled", "LEASE_LOST")
