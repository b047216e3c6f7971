# Best test accuracy for each batch size, with and without batch norm: python3 docs/examples/accuracy.py
import sys; sys.path.insert(0, "clients/python")  # or smallbatch.py beside this file
from smallbatch import Client

for g in Client().aggregate(by=["dataset", "batchNorm", "batchSize"], best=["baseLearningRate"]):
    mean = "-" if g["mean"] is None else f"{g['mean']:.4f}"
    print(g["dataset"], "BN" if g["batchNorm"] else "no BN", f"m={g['batchSize']}", mean, f"n={g['n']}")
