"""What schemathesis presents: a key that may do everything, and another one whenever its own calls have ended that."""

import os
import subprocess

import schemathesis


@schemathesis.auth(retry_on=[401])
class Key:
    def get(self, case, context):
        command = [os.environ["CARDEA"], "keys", "create", "schemathesis", "--scope", "cardea:admin"]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()

    def set(self, case, data, context):
        case.headers["X-API-Key"] = data
