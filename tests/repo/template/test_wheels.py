"""The specification is read from wheels of the ROS CDK: here from a small one in their shape."""

import io
import json
import tarfile
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from express_sync.ops.template_check import build
from express_sync.ops.template_check.wheels import read_wheel
from express_sync.ops.terminal.errors import CliError

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
        "Name": {"type": "string", "required": True, "enum": ["a", "b"], "pattern": "^[ab]$"},
        "Names": {"type": "list", "items": "string"},
        "Parts": {"type": "list", "length": [1, 9], "props": {"IsBig": {"type": "boolean"}}},
        "Size": {"type": "number", "range": [0.5, None]},
        "Tags": {"type": "map"},
    },
    "source": "ros-cdk-test 1.2.3",
}


def wheel_of(directory: Path, source: str) -> Path:
    """A wheel whose generated JavaScript is `source`."""
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


def test_a_wheel_says_what_its_resource_types_take_and_give(tmp_path: Path) -> None:
    assert read_wheel(wheel_of(tmp_path, SOURCE)) == {"ALIYUN::Test::Thing": THING}


def test_a_wheel_of_another_shape_is_not_half_read(tmp_path: Path) -> None:
    strange = SOURCE.replace("RosThing_PartPropertyValidator)", "RosThing_PieceValidator)")
    with pytest.raises(ValueError, match="there is no map that RosThing_PieceValidator is for"):
        read_wheel(wheel_of(tmp_path, strange))


def test_the_command_writes_the_types_that_the_template_uses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    template, written = tmp_path / "template.yml", tmp_path / "spec.json"
    template.write_text("Resources: {A: {Type: 'ALIYUN::Test::Thing'}}", encoding="utf-8")
    monkeypatch.setattr(build, "TEMPLATE", template)
    monkeypatch.setattr(build, "SPECIFICATION", written)
    result = CliRunner().invoke(build.build, [str(wheel_of(tmp_path, SOURCE))])
    assert result.output == "spec.json: 1 resource types from 1 wheels.\n"
    assert json.loads(written.read_text(encoding="utf-8")) == {"ALIYUN::Test::Thing": THING}


def test_a_type_that_no_wheel_has_is_named(tmp_path: Path) -> None:
    with pytest.raises(CliError, match="No wheel has ALIYUN::Test::Other; add its ros-cdk package"):
        build.specification_of("Resources: {A: {Type: 'ALIYUN::Test::Other'}}", (wheel_of(tmp_path, SOURCE),))
