# Two members over the settings that both have trained: python3 docs/examples/compare.py anna ben
import sys; sys.path.insert(0, "clients/python")  # or smallbatch.py beside this file
from smallbatch import Client

a, b = sys.argv[1:]
c = Client().compare({"member": {"eq": a}}, {"member": {"eq": b}}, best=["baseLearningRate"])
for pair in c["pairs"]:
    setting = pair["a"]
    print("BN" if setting["batchNorm"] else "no BN", f"m={setting['batchSize']}", f"{pair['difference']:.4f}")
interval = f"{c['ci95']['low']:.4f} to {c['ci95']['high']:.4f}" if c["ci95"] else "unknown"
mean = "unknown" if c["mean"] is None else f"{c['mean']:.4f}"
print(f"{a} - {b}: {mean}, 95 % {interval}, n={c['n']}, {c['verdict'] or 'no verdict'}")
print(f"without a match: {c['unmatchedCountA']} of {a}, {c['unmatchedCountB']} of {b}")
