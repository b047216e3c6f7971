"""Does tasks of conformance.test.ts with the Python client: a line of JSON each, answered by lines. driver.ts is its twin."""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../clients/python"))
from smallbatch import Client, SmallbatchError  # noqa: E402



def say(line):
    print(json.dumps(line), flush=True)


def texts(column):
    words = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
    return [words.get(str(v)) or (str(int(v)) if v == int(v) else repr(v)) for v in column]


def given(name, to):
    return {to: task[name]} if name in task else {}


def runs():
    rows = client.runs(where=task["where"], **given("orderBy", "order_by"), **given("metrics", "metrics"))
    return [
        {"key": r["key"], "seed": r["seed"], "metrics": [{k: m[k] for k in ("name", "last")} for m in r["metrics"]]}
        for r in rows
    ]


def curves():
    answer = client.curves(task["metric"], task["where"], **given("maxPoints", "max_points"))
    return {
        "of": answer.of,
        "sampled": answer.sampled,
        "curves": [
            {
                "run": c.run,
                "steps": list(c.steps),
                "values": texts(c.values),
                "epochs": texts(c.epochs),
                "samplesSeen": texts(c.samples_seen),
                "count": c.count,
            }
            for c in answer
        ],
    }


def aggregate():
    names = ("batchNorm", "batchSize", "n", "mean", "sd", "ci95")
    groups = client.aggregate(by=["batchNorm", "batch_size"], best=["BASE_LEARNING_RATE"], where=task["where"])
    best = ("baseLearningRate", "candidates")
    return [
        {**{k: g[k] for k in names}, "best": g["best"] and {k: g["best"][k] for k in best}} for g in groups
    ]


def compare():
    answer = client.compare(task["a"], task["b"])
    return {
        **{k: answer[k] for k in ("n", "mean", "verdict", "ci95")},
        "pairs": [{"difference": p["difference"]} for p in answer["pairs"]],
        "unmatchedA": [{"keptBy": u["keptBy"]} for u in answer["unmatchedA"]],
    }


def create():
    return client.create_run(**task["run"], spool=task["spool"]).key


def report():
    """Creates a run and logs; what comes then is said by lines that arrive."""
    run = client.create_run(**task["run"], spool=task["spool"])
    say({"key": run.key})

    def log(point):
        values = {name: float(value) for name, value in point["values"].items()}
        run.log(point["step"], point.get("epoch"), point.get("samplesSeen"), **values)

    for point in task["points"]:
        log(point)
    if task.get("pause"):
        say("paused")
        sys.stdin.readline()
    for point in task.get("more", ()):
        log(point)
    run.finish(failed=task.get("failed"))
    return {"lost": run.lost and run.lost[0]}


def deliver():
    return client.deliver(task["spool"], seconds=20)


for line in iter(sys.stdin.readline, ""):
    task = json.loads(line)
    # Without a token of its own a task shows that the environment is enough.
    client = Client(token=task.get("token"))
    try:
        say({"result": globals()[task["op"]]()})
    except SmallbatchError as error:
        say({"error": {"code": error.code, "message": str(error)}})
