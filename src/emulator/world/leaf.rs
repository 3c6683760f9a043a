//! Document leaves with a text form of their own: durations, and words that stand for something.

use std::borrow::Cow;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use crate::emulator::cloud::Cloud;
use crate::emulator::world::{Host, Kind, LockLevel};
use crate::yaml::{Node, Read, Reader};

/// Any value.
#[derive(Debug, JsonSchema)]
#[schemars(transparent)]
pub(super) struct Any(pub(super) Value);

impl Read for Any {
    fn read(node: &Node, _: &mut Reader<'_>) -> Option<Self> {
        Some(Any(node.to_value()))
    }
}

/// A length of time, which may be none.
#[derive(Debug, Clone, Copy)]
pub(super) struct Period(pub(super) Duration);

impl JsonSchema for Period {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let pattern = r"^[0-9]+(\.[0-9]+)? *(ms|s|m|h)$";
        json_schema!({"type": "string", "pattern": pattern, "examples": ["20s", "300ms", "10m"]})
    }
}

impl Read for Period {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        reader.duration(node).map(Period)
    }
}

/// Makes a type one of some words.
macro_rules! words {
    ($type:ty, $name:literal { $($word:literal $value:path, $says:literal;)* }) => {
        impl Read for $type {
            fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
                reader.word(node, &[$(($word, $value)),*])
            }
        }

        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({"oneOf": [$({"const": $word, "description": $says}),*]})
            }
        }
    };
}

words!(Cloud, "Cloud" {
    "public" Cloud::Public, "Azure.";
    "china" Cloud::China, "Azure in China, operated by 21Vianet.";
    "usgov" Cloud::UsGov, "Azure for the US Government.";
});

words!(Host, "Host" {
    "vm" Host::Vm, "A virtual machine, a scale set, a container instance.";
    "app_service" Host::AppService, "App Service and Functions.";
    "container_apps" Host::ContainerApps, "Container Apps.";
    "arc" Host::Arc, "A server enabled for Azure Arc.";
    "cloud_shell" Host::CloudShell, "Cloud Shell.";
    "machine_learning" Host::MachineLearning, "A compute instance of Azure Machine Learning.";
    "service_fabric" Host::ServiceFabric, "Service Fabric.";
    "aks" Host::Aks, "A pod in Azure Kubernetes Service with workload identity.";
});

words!(Kind, "Kind" {
    "system" Kind::System, "Lives and dies with the machine.";
    "user" Kind::User, "A resource of its own.";
});

words!(LockLevel, "LockLevel" {
    "can_not_delete" LockLevel::CanNotDelete, "Forbids to delete.";
    "read_only" LockLevel::ReadOnly, "Forbids to delete and to change.";
});
