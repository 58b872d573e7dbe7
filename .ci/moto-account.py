"""moto's server as an account that the stacks can be deployed to: `python .ci/moto-account.py <port>`.

moto has aliases, alarms, authorizers, stages and bucket notifications, but its CloudFormation leaves them out, and what
refers to them then fails. Here templates create them by moto's own backends. What moto has not at all (bucket and queue
policies, CodeDeploy, gateway responses, request validators, the trail) stays out, as moto does without being asked; tests
of the templates hold those.
"""
import json
import secrets
import sys
from pathlib import Path

from moto.apigateway.models import Method, apigateway_backends
from moto.awslambda.models import LambdaFunction, LambdaVersion, lambda_backends
from moto.cloudwatch.models import cloudwatch_backends
from moto.core.common_models import CloudFormationModel
from moto.dynamodb.models.table import Table
from moto.events.models import EventBus
from moto.s3.models import FakeBucket, s3_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.server import main
from moto.sqs.models import Queue

sys.path.insert(0, str(Path(__file__).parent.parent / "test" / "contracts"))
import moto_in_order  # noqa: E402, F401: a batch of uploads writes from two scans at once


def resource(type_name, create):
    """Teaches CloudFormation a type. `create` gets properties, backend getter and name; answers Ref and attributes."""

    class Created(CloudFormationModel):
        # moto files models by the second part of their module's name.
        __module__ = "moto.account"

        def __init__(self, reference, attributes):
            self.physical_resource_id = reference
            self.attributes = attributes

        @staticmethod
        def cloudformation_name_type():
            return ""

        @staticmethod
        def cloudformation_type():
            return type_name

        @classmethod
        def has_cfn_attr(cls, attribute):
            return True

        def get_cfn_attribute(self, attribute):
            return self.attributes[attribute]

        @classmethod
        def create_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name, **_):
            backend = lambda backends: backends[account_id][region_name]
            return cls(*create(cloudformation_json["Properties"], backend, resource_name))

    return Created


def create_alias(properties, backend, _name):
    alias = backend(lambda_backends).create_alias(
        properties["Name"], properties["FunctionName"], str(properties["FunctionVersion"]), "", None
    )
    return alias.arn, {}


def create_alarm(properties, backend, name):
    # What an alarm watches is for AWS to judge; here it only has to be there to be named.
    alarm = backend(cloudwatch_backends).put_metric_alarm(
        name, properties.get("Namespace"), properties.get("MetricName"), properties["ComparisonOperator"],
        properties["EvaluationPeriods"], properties.get("Period"), properties.get("Threshold"), properties.get("Statistic"),
        properties.get("AlarmDescription"), [], properties.get("AlarmActions", []),
    )
    return name, {"Arn": alarm.alarm_arn}


def create_authorizer(properties, backend, _name):
    authorizer = backend(apigateway_backends).create_authorizer(
        properties["RestApiId"], properties["Name"], properties["Type"],
        authorizer_uri=properties["AuthorizerUri"], identity_source=properties.get("IdentitySource"),
        authorizer_result_ttl=properties.get("AuthorizerResultTtlInSeconds"),
    )
    return authorizer.id, {"AuthorizerId": authorizer.id}


def create_stage(properties, backend, _name):
    stage = backend(apigateway_backends).create_stage(
        properties["RestApiId"], properties["StageName"], properties["DeploymentId"].id
    )
    return stage.name, {}


def create_secret(properties, backend, name):
    made = backend(secretsmanager_backends).create_secret(
        name, secrets.token_urlsafe(32), None, properties.get("Description"), None, properties.get("KmsKeyId"), None, [], False,
    )
    return json.loads(made)["ARN"], {}


TYPES = [
    resource("AWS::SecretsManager::Secret", create_secret),
    resource("AWS::Lambda::Alias", create_alias),
    resource("AWS::CloudWatch::Alarm", create_alarm),
    resource("AWS::ApiGateway::Authorizer", create_authorizer),
    resource("AWS::ApiGateway::Stage", create_stage),
]


def after(model, complete):
    """Completes what moto's CloudFormation makes of a resource with properties that it reads over."""
    create = model.create_from_cloudformation_json

    def completed(cls, resource_name, cloudformation_json, account_id, region_name, **more):
        created = create(resource_name, cloudformation_json, account_id, region_name, **more)
        complete(created, cloudformation_json["Properties"], account_id)
        return created

    model.create_from_cloudformation_json = classmethod(completed)


def complete_bucket(bucket, properties, account_id):
    backend = s3_backends[account_id]["aws"]
    versioning = properties.get("VersioningConfiguration")
    if versioning:
        backend.put_bucket_versioning(bucket.name, versioning["Status"])
    queues = properties.get("NotificationConfiguration", {}).get("QueueConfigurations", [])
    if queues:
        told = [{"Queue": entry["Queue"], "Event": [entry["Event"]]} for entry in queues]
        backend.put_bucket_notification_configuration(bucket.name, {"QueueConfiguration": told})


def complete_method(method, properties, _account_id):
    method.authorizer_id = properties.get("AuthorizerId")


def complete_function(function, properties, _account_id):
    function.update_configuration({"Layers": [layer.arn for layer in properties.get("Layers", [])]})


def complete_bus(bus, _properties, _account_id):
    bus.physical_resource_id = bus.name


after(EventBus, complete_bus)
after(FakeBucket, complete_bucket)
after(LambdaFunction, complete_function)
after(Method, complete_method)
LambdaVersion.has_cfn_attr = classmethod(lambda cls, attribute: attribute == "Version")
LambdaVersion.get_cfn_attribute = lambda self, attribute: {"Version": self.version}[attribute]
# moto would run the functions in Docker for each message and record; what polls queues and stream here is test/deployed.
for source in (Queue, Table):
    source.lambda_event_source_mappings = property(lambda self: {}, lambda self, value: None)

main(["-H", "127.0.0.1", "-p", sys.argv[1]])
