"""tools/ros_spec.py, which reads wheels of the ROS CDK, with a small wheel of the same shape."""

import io
import json
import tarfile
import zipfile
from pathlib import Path

import pytest
from click import ClickException
from click.testing import CliRunner

from tools import ros_spec
from tools.ros_spec import read_wheel

SOURCE = """
function RosThingPropsValidator(properties) {
    const errors = new ros.ValidationResults();
    if (properties.size && (typeof properties.size) !== 'object') {
        errors.collect(ros.propertyValidator('size', ros.validateRange)({
            data: properties.size,
            min: 0.5,
            max: undefined,
        }));
    }
    errors.collect(ros.propertyValidator('size', ros.validateNumber)(properties.size));
    errors.collect(ros.propertyValidator('name', ros.requiredValidator)(properties.name));
    if (properties.name && (typeof properties.name) !== 'object') {
        errors.collect(ros.propertyValidator('name', ros.validateAllowedValues)({
            data: properties.name,
            allowedValues: ["a", "b"],
        }));
    }
    if (properties.name && (typeof properties.name) !== 'object') {
        errors.collect(ros.propertyValidator('name', ros.validateAllowedPattern)({
            data: properties.name,
            reg: /^[ab]$/
        }));
    }
    errors.collect(ros.propertyValidator('name', ros.validateString)(properties.name));
    if (properties.parts && (Array.isArray(properties.parts) || (typeof properties.parts) === 'string')) {
        errors.collect(ros.propertyValidator('parts', ros.validateLength)({
            data: properties.parts.length,
            min: 1,
            max: 9,
        }));
    }
    errors.collect(ros.propertyValidator('parts', ros.listValidator(RosThing_PartPropertyValidator))(properties.parts));
    errors.collect(ros.propertyValidator('tags', ros.hashValidator(ros.validateAny))(properties.tags));
    errors.collect(ros.propertyValidator('names', ros.listValidator(ros.validateString))(properties.names));
    return errors.wrap('supplied properties not correct for "RosThingProps"');
}
function rosThingPropsToRosTemplate(properties, enableResourcePropertyConstraint) {
    if (enableResourcePropertyConstraint) {
        RosThingPropsValidator(properties).assertSuccess();
    }
    return {
        'Name': ros.stringToRosTemplate(properties.name),
        'Names': ros.listMapper(ros.stringToRosTemplate)(properties.names),
        'Parts': ros.listMapper(rosThingPartPropertyToRosTemplate)(properties.parts),
        'Size': ros.numberToRosTemplate(properties.size),
        'Tags': ros.hashMapper(ros.objectToRosTemplate)(properties.tags),
    };
}
class RosThing extends ros.RosResource {
    constructor(scope, id, props, enableResourcePropertyConstraint) {
        this.attrArnWithSlash = this.getAtt('ARN.WithSlash');
    }
}
RosThing.ROS_RESOURCE_TYPE_NAME = "ALIYUN::Test::Thing";
function RosThing_PartPropertyValidator(properties) {
    const errors = new ros.ValidationResults();
    errors.collect(ros.propertyValidator('isBig', ros.validateBoolean)(properties.isBig));
    return errors.wrap('supplied properties not correct for "PartProperty"');
}
function rosThingPartPropertyToRosTemplate(properties) {
    RosThing_PartPropertyValidator(properties).assertSuccess();
    return {
        'IsBig': ros.booleanToRosTemplate(properties.isBig),
    };
}
"""
THING = {
    "attributes": ["ARN.WithSlash"],
    "properties": {
        "type": "object",
        "additionalProperties": False,
        "required": ["Name"],
        "properties": {
            "Name": {"type": "string", "enum": ["a", "b"], "pattern": "^[ab]$"},
            "Names": {"type": "array", "items": {"type": "string"}},
            "Parts": {
                "type": "array",
                "minItems": 1,
                "maxItems": 9,
                "items": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": [],
                    "properties": {"IsBig": {"type": "boolean"}},
                },
            },
            "Size": {"type": "number", "minimum": 0.5},
            "Tags": {"type": "object"},
        },
    },
    "source": "ros-cdk-test 1.2.3",
}


def wheel_of(directory: Path, source: str) -> Path:
    """Write a wheel whose generated JavaScript is `source`."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as package:
        for name, text in {"lib/test.generated.js": source, "lib/datasource/test.generated.js": "other"}.items():
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(text)
            package.addfile(member, io.BytesIO(text.encode()))
    path = directory / "ros_cdk_test-1.2.3-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("ros_cdk_test/_jsii/ros-cdk-test@1.2.3.jsii.tgz", packed.getvalue())
    return path


def test_wheel_yields_a_schema_of_its_resource_types(tmp_path: Path) -> None:
    assert read_wheel(wheel_of(tmp_path, SOURCE)) == {"ALIYUN::Test::Thing": THING}


def test_wheel_of_another_shape_is_rejected(tmp_path: Path) -> None:
    strange = SOURCE.replace("RosThing_PartPropertyValidator)", "RosThing_PieceValidator)")
    with pytest.raises(ValueError, match="the object for RosThing_PieceValidator is missing"):
        read_wheel(wheel_of(tmp_path, strange))


def test_command_writes_the_types_of_the_template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    template, written = tmp_path / "template.yml", tmp_path / "spec.json"
    template.write_text("Resources: {A: {Type: 'ALIYUN::Test::Thing'}}", encoding="utf-8")
    monkeypatch.setattr(ros_spec, "TEMPLATE", template)
    monkeypatch.setattr(ros_spec, "SPECIFICATION", written)
    result = CliRunner().invoke(ros_spec.main, [str(wheel_of(tmp_path, SOURCE))])
    assert result.output == "spec.json: 1 resource types from 1 wheels.\n"
    assert json.loads(written.read_text(encoding="utf-8")) == {"ALIYUN::Test::Thing": THING}


def test_type_missing_from_all_wheels_is_named(tmp_path: Path) -> None:
    with pytest.raises(ClickException, match="No wheel has ALIYUN::Test::Other; add its ros-cdk package"):
        ros_spec.specification_of("Resources: {A: {Type: 'ALIYUN::Test::Other'}}", (wheel_of(tmp_path, SOURCE),))
