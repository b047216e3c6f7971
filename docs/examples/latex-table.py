# Accuracy in per cent as a LaTeX table, the best of each column in bold, ± deviation (n): python3 docs/examples/latex-table.py
import re, sys; sys.path.insert(0, "clients/python")  # or smallbatch.py beside this file
from smallbatch import Client

pivot = Client().query("""{ pivot(rows: [BATCH_SIZE], columns: [DATASET, BATCH_NORM], best: [BASE_LEARNING_RATE]) {
  columns { dataset batchNorm } rows { batchSize cells { state bestInColumn group { mean sd n } } } } }""")["pivot"]

def cell(state, bestInColumn, group):
    if state != "VALUE":
        return "--" if state == "MISSING" else state.lower()
    mean = f"{100 * group['mean']:.1f}"
    mean = rf"\mathbf{{{mean}}}" if bestInColumn else mean
    sd = "" if group["sd"] is None else rf" \pm {100 * group['sd']:.1f}"
    return f"${mean}{sd}$ ({group['n']})"

def line(*cells):
    return " & ".join(map(str, cells)) + r" \\"

columns = [re.sub(r"[_%&#$]", r"\\\g<0>", c["dataset"]) + (", BN" if c["batchNorm"] else "") for c in pivot["columns"]]
rows = [line(row["batchSize"], *(cell(**c) for c in row["cells"])) for row in pivot["rows"]]
print(r"\begin{tabular}{r" + "l" * len(columns) + "}", r"\toprule", line("$m$", *columns), r"\midrule", *rows, sep="\n")
print(r"\bottomrule", r"\end{tabular}", sep="\n")
