# Report a training script of one's own: python3 docs/examples/own-run.py
import sys; sys.path.insert(0, "clients/python")  # or smallbatch.py beside this file
from smallbatch import Client

axes = {"model": "resnet8", "batchSize": 32, "baseLearningRate": 2**-8, "batchNorm": True, "epochs": 5}
with Client().create_run(name="own-script", dataset="shapes", axes=axes, seed=1) as run:
    for epoch in range(1, 6):
        run.log(step=epoch * 46, epoch=epoch, train_loss=2 / epoch, test_accuracy=1 - 0.8 / epoch)
print(run.key)
