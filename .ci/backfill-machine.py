"""Runs the state machine of a backfill (its definition on stdin) in moto's interpreter of the States Language.

moto has not all of it: here a batch is one object, child executions are Standard, no results are written, and a listing
is read whole; and it breaks at a Fail state below a map, so every batch ends well. What is changed for it is named below; all else of the definition is run as it is deployed.
"""
import json
import sys
import time

import boto3
from moto import mock_aws
from moto.awslambda_simple.models import LambdaSimpleBackend

definition = json.load(sys.stdin)
machine = definition["States"]["Objects"]
machine["ItemProcessor"]["ProcessorConfig"]["ExecutionType"] = "STANDARD"
# A whole number is as good; moto's grammar wants a point.
machine["ToleratedFailurePercentage"] = float(machine["ToleratedFailurePercentage"])
del machine["ResultWriter"]
batcher = machine.pop("ItemBatcher")
machine["ItemSelector"] = {"BatchInput": batcher["BatchInput"], "Item": machine["ItemSelector"]}
del machine["ItemReader"]["ReaderConfig"]

batches = []


def invoke(self, function_name, qualifier, body, headers, response_headers):
    """The function, as far as the machine can tell."""
    batches.append(json.loads(body))
    return json.dumps({"scans": 1, "outcomes": {"failed": 0}}).encode()


LambdaSimpleBackend.invoke = invoke


def run(definition, name, given):
    """Creates a machine, runs it once and answers how that ended."""
    states = boto3.client("stepfunctions", "us-east-1")
    machine = states.create_state_machine(name=name, definition=json.dumps(definition), roleArn=role)
    started = states.start_execution(stateMachineArn=machine["stateMachineArn"], name=name, input=json.dumps(given))
    for _ in range(200):
        ended = states.describe_execution(executionArn=started["executionArn"])
        if ended["status"] != "RUNNING":
            return ended
        time.sleep(0.1)
    raise SystemExit("expected the execution to end, received none within 20 s")


def expect(what, expected, received):
    if expected != received:
        raise SystemExit(f"expected {expected} for {what}, received {received}")


with mock_aws(config={"stepfunctions": {"execute_state_machine": True}, "lambda": {"use_docker": False}}):
    s3 = boto3.client("s3", "us-east-1")
    s3.create_bucket(Bucket="scans")
    for index in range(30):
        s3.put_object(Bucket="scans", Key=f"mri/a b {index:03}.png", Body=b"x" * (index + 1))
    s3.put_object(Bucket="scans", Key="elsewhere.png", Body=b"x")
    iam = boto3.client("iam", "us-east-1")
    trust = {"Version": "2012-10-17", "Statement": []}
    role = iam.create_role(RoleName="machine", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]

    given = {"bucket": "scans", "prefix": "mri/", "concurrency": 4, "limit": 1000, "dryRun": False}
    expect("the status", "SUCCEEDED", run(definition, "map", given)["status"])
    items = sorted((batch["Item"] for batch in batches), key=lambda item: item["key"])
    expect("the items", [{"key": f"mri/a b {i:03}.png", "sizeBytes": i + 1} for i in range(30)], items)
    expect("the input of each batch", True, all(b["BatchInput"] == {"bucket": "scans", "dryRun": False} for b in batches))
print("30 objects of a prefix, each handed over once")
