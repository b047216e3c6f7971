# Best test accuracy for each batch size, with and without batch norm: python3 docs/examples/accuracy.py
import json, os, urllib.request

query = """{ aggregate(by: [DATASET, BATCH_NORM, BATCH_SIZE], best: [BASE_LEARNING_RATE]) {
  groups { dataset batchNorm batchSize mean sd n best { baseLearningRate candidates } } } }"""
url = os.environ.get("SMALLBATCH_URL", "http://localhost:4000") + "/graphql"
request = urllib.request.Request(url, json.dumps({"query": query}).encode(), {"Content-Type": "application/json"})
for g in json.load(urllib.request.urlopen(request))["data"]["aggregate"]["groups"]:
    mean = "-" if g["mean"] is None else f"{g['mean']:.4f}"
    print(g["dataset"], "BN" if g["batchNorm"] else "no BN", f"m={g['batchSize']}", mean, f"n={g['n']}")
