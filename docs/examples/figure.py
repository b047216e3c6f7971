# Accuracy against batch size, with bands of one deviation over seeds: python3 docs/examples/figure.py shapes > figure.svg
import math, sys; sys.path.insert(0, "clients/python")  # or smallbatch.py beside this file
from smallbatch import Client

dataset = sys.argv[1] if len(sys.argv) > 1 else "shapes"
by, best = ["batchNorm", "batchSize"], ["baseLearningRate"]
groups = [g for g in Client().aggregate(by, {"dataset": {"eq": dataset}}, best) if g["mean"] is not None]
x = lambda m: f"{50 + 60 * math.log2(m):.1f}"
y = lambda accuracy: f"{290 - 260 * accuracy:.1f}"
print('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 330" font-family="sans-serif" font-size="12">')
for i, (bn, colour, name) in enumerate([(True, "#1f77b4", "BN"), (False, "#d62728", "no BN")]):
    mine = [g for g in groups if g["batchNorm"] == bn]
    line = lambda sign: [f"{x(g['batchSize'])},{y(g['mean'] + sign * (g['sd'] or 0))}" for g in mine]
    print(f'<polygon points="{" ".join(line(1) + line(-1)[::-1])}" fill="{colour}" opacity="0.25"/>')
    print(f'<polyline points="{" ".join(line(0))}" fill="none" stroke="{colour}" stroke-width="2"/>')
    print(f'<text x="560" y="{40 + 18 * i}" fill="{colour}">{name}</text>')
for m in dict.fromkeys(g["batchSize"] for g in groups):
    print(f'<text x="{x(m)}" y="310">{m}</text>')
for share in (0, 0.25, 0.5, 0.75, 1):
    print(f'<text x="10" y="{y(share)}">{share:.2f}</text>')
print("</svg>")
