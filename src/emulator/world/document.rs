//! The document: a world as its author writes it, every leaf with its place.

use schemars::{JsonSchema, Schema};
use serde_json::Value;

use super::leaf::{Any, Period};
use crate::emulator::cloud::Cloud;
use crate::emulator::world::{Host, Kind, LockLevel};
use crate::source::Spanned;
use crate::yaml::{Named, Node, Read, Reader};

/// A text with its place.
type Words = Spanned<String>;

/// Makes a document type with its reader: `may` keys can be left out, `must` keys cannot.
macro_rules! document {
    ($(#[$about:meta])* $type:ident, $what:literal {
        $($(#[doc = $says:literal])* $(#[transform = $transform:ident])? $need:ident $key:ident: $name:literal $of:ty,)*
    }) => {
        $(#[$about])*
        #[derive(Debug, JsonSchema)]
        #[schemars(deny_unknown_fields)]
        pub(super) struct $type {
            $($(#[doc = $says])* #[schemars(rename = $name $(, transform = $transform)?)]
            pub(super) $key: document!(@type $need $of),)*
        }

        impl Read for $type {
            fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
                let mut fields = reader.fields(node, $what)?;
                $(let $key = document!(@read $need fields, reader, $name);)*
                fields.finish(reader);
                Some($type { $($key: document!(@value $need $key)),* })
            }
        }
    };
    (@type may $of:ty) => { Option<$of> };
    (@type must $of:ty) => { $of };
    (@read may $fields:ident, $reader:ident, $name:literal) => { $fields.get($name, $reader) };
    (@read must $fields:ident, $reader:ident, $name:literal) => { $fields.required($name, $reader) };
    (@value may $key:ident) => { $key };
    (@value must $key:ident) => { $key? };
}

document!(
    /// A world of the emulator: what exists in its cloud, who may do what, and what goes wrong.
    Document, "a world" {
    /// The cloud: `public` without it.
    may cloud: "cloud" Cloud,
    /// The id of the tenant; without it one that is made from the word.
    #[transform = guid]
    may tenant: "tenant" Words,
    /// What kind of machine the identity endpoint belongs to: `vm` without it.
    may host: "host" Host,
    /// The machine: its name, and where it is.
    may vm: "vm" Machine,
    /// The management groups below the tenant's root, by name.
    may management_groups: "management_groups" Named<Option<Management>>,
    /// The subscriptions, by a short name that can stand for the id everywhere in this file.
    may subscriptions: "subscriptions" Named<Option<Subscription>>,
    /// The custom roles; the built-in ones are all there.
    may roles: "roles" Vec<Custom>,
    /// The managed identities, by name. The one called `system` is the system-assigned one.
    may identities: "identities" Named<Option<Identity>>,
    /// The groups of the directory, by name.
    may groups: "groups" Named<Option<Group>>,
    /// What is denied, whatever the roles say.
    may deny_assignments: "deny_assignments" Vec<Denial>,
    /// What is locked against changes.
    may locks: "locks" Vec<Locked>,
    /// How long it takes until a role assignment that a request makes or takes away is effective; at once without it.
    may propagation: "propagation" Period,
    /// Whether those who send too many requests are refused. The counters in the headers count in any case.
    may throttling: "throttling" bool,
    /// What goes wrong on purpose. A request meets the first that concerns it and has not been met often enough.
    may faults: "faults" Vec<Spanned<Mishap>>,
});

document!(
    /// The machine whose identity endpoint is emulated.
    Machine, "the machine" {
    /// The name.
    may name: "name" Words,
    /// The resource group it is in; without it the first of its subscription.
    may resource_group: "resource_group" Words,
    /// The subscription it is in, by short name or id; without it the first.
    may subscription: "subscription" Words,
    /// The region; without it that of its resource group.
    may location: "location" Words,
});

document!(
    /// A management group.
    #[derive(Default)]
    Management, "a management group" {
    /// What people call it.
    may display_name: "display_name" Words,
    /// The management group above; without it the tenant's root.
    may parent: "parent" Words,
    /// The subscriptions in it, by short name or id.
    may subscriptions: "subscriptions" Vec<Words>,
});

document!(
    /// A subscription.
    #[derive(Default)]
    Subscription, "a subscription" {
    /// The id; without it one that is made from the short name.
    #[transform = guid]
    may id: "id" Words,
    /// The id of the tenant it belongs to, when that is another one.
    #[transform = guid]
    may tenant: "tenant" Words,
    /// Whether it is disabled, so that it can only be read.
    may disabled: "disabled" bool,
    /// The tags.
    may tags: "tags" Named<String>,
    /// The resource groups, by name.
    may resource_groups: "resource_groups" Named<Option<Container>>,
});

document!(
    /// A resource group.
    #[derive(Default)]
    Container, "a resource group" {
    /// The region; without it that of the machine.
    may location: "location" Words,
    /// The tags.
    may tags: "tags" Named<String>,
    /// The id of the resource that manages it.
    may managed_by: "managed_by" Words,
    /// The resources in it.
    may resources: "resources" Vec<Thing>,
});

document!(
    /// A resource.
    Thing, "a resource" {
    /// The whole type: `Microsoft.Compute/virtualMachines`.
    must kind: "type" Words,
    /// The name; of a child with the names of its parents before it: `web-1/agent`.
    must name: "name" Words,
    /// The region; without it that of its resource group.
    may location: "location" Words,
    /// The tags.
    may tags: "tags" Named<String>,
    /// The kind, where its type has some.
    may variety: "kind" Words,
    /// The SKU.
    may sku: "sku" Any,
    /// The identities it has.
    may identity: "identity" Any,
    /// Everything else.
    may properties: "properties" Any,
});

document!(
    /// A custom role.
    Custom, "a role" {
    /// The name.
    must name: "name" Words,
    /// The id; without it one that is made from the name.
    #[transform = guid]
    may id: "id" Words,
    /// What it is for.
    may description: "description" Words,
    /// What it grants: `Microsoft.Compute/virtualMachines/restart/action`.
    may actions: "actions" Vec<Words>,
    /// What is taken out of that again.
    may not_actions: "not_actions" Vec<Words>,
    /// What it grants on data.
    may data_actions: "data_actions" Vec<Words>,
    /// What is taken out of that again.
    may not_data_actions: "not_data_actions" Vec<Words>,
    /// Where it can be assigned; without it everywhere in the tenant.
    may assignable_scopes: "assignable_scopes" Vec<Words>,
});

document!(
    /// A managed identity.
    #[derive(Default)]
    Identity, "an identity" {
    /// Whether it is the machine's own or a resource of its own: `system` for the one of that name, else `user`.
    may kind: "kind" Kind,
    /// Whether the machine has it, so that it can ask for tokens as this identity: yes without it.
    may attached: "attached" bool,
    /// The client (application) id; without it one that is made from the name.
    #[transform = guid]
    may client_id: "client_id" Words,
    /// The object (principal) id; without it one that is made from the name.
    #[transform = guid]
    may object_id: "object_id" Words,
    /// The subscription of its own resource; without it that of the machine.
    may subscription: "subscription" Words,
    /// The resource group of its own resource; without it that of the machine.
    may resource_group: "resource_group" Words,
    /// Which workload may become it: `system:serviceaccount:<namespace>:<name>`.
    may subject: "subject" Words,
    /// The secret with which it signs in at the directory, as applications do; without it none opens.
    may client_secret: "client_secret" Words,
    /// The roles it holds.
    may assignments: "assignments" Vec<Held>,
});

document!(
    /// A role at a scope.
    Held, "a role assignment" {
    /// The role, by name or id.
    must role: "role" Words,
    /// Where: `/subscriptions/<name or id>/resourceGroups/<name>`, `/`, or the id of a management group or a resource.
    must scope: "scope" Words,
    /// How long after the start it begins to hold.
    may effective_after: "effective_after" Period,
    /// The condition that narrows it. It is shown, and not evaluated.
    may condition: "condition" Words,
    /// What it is for.
    may description: "description" Words,
});

document!(
    /// A group of the directory.
    #[derive(Default)]
    Group, "a group" {
    /// The object id; without it one that is made from the name.
    #[transform = guid]
    may id: "id" Words,
    /// The names of identities and groups that are in it.
    may members: "members" Vec<Words>,
    /// How long after the start the tokens of its members know of it: until then its roles reach nobody, though lists show
    /// them.
    may effective_after: "effective_after" Period,
    /// The roles its members hold.
    may assignments: "assignments" Vec<Held>,
});

document!(
    /// A deny assignment.
    Denial, "a deny assignment" {
    /// The name.
    must name: "name" Words,
    /// The id; without it one that is made from the name.
    #[transform = guid]
    may id: "id" Words,
    /// What it is for.
    may description: "description" Words,
    /// Where.
    must scope: "scope" Words,
    /// Whether it holds at the scope only, and not below.
    may own_scope_only: "own_scope_only" bool,
    /// The names of the identities and groups that it is about; everyone without it.
    may principals: "principals" Vec<Words>,
    /// The names of identities and groups that are spared.
    may except: "except" Vec<Words>,
    /// What is denied.
    may actions: "actions" Vec<Words>,
    /// What is taken out of that again.
    may not_actions: "not_actions" Vec<Words>,
    /// What is denied on data.
    may data_actions: "data_actions" Vec<Words>,
    /// What is taken out of that again.
    may not_data_actions: "not_data_actions" Vec<Words>,
});

document!(
    /// A lock.
    Locked, "a lock" {
    /// The name.
    must name: "name" Words,
    /// What it forbids.
    must level: "level" LockLevel,
    /// Where it holds, with all that is below.
    must scope: "scope" Words,
    /// What it is for.
    may notes: "notes" Words,
});

document!(
    /// One thing that goes wrong: when, how often, and at most one of the things that can be done to an answer.
    Mishap, "a fault" {
    /// Which requests it concerns; all without it.
    may when: "when" Matching,
    /// How many of them; all without it.
    may times: "times" u32,
    /// How long the answer is held back: `300ms`.
    may delay: "delay" Period,
    /// Another answer is given.
    may answer: "answer" Answer,
    /// The connection is closed after so many bytes of the body.
    may cut: "cut" u32,
    /// The connection is closed without an answer.
    may close: "close" bool,
    /// So many bytes of the body are sent each second.
    may slow: "slow" u32,
    /// The answer claims to be of this content type.
    may content_type: "content_type" Words,
    /// The body is no longer JSON.
    may garbage: "garbage" bool,
    /// The token that is given, or that the request bears, counts as expired.
    may expired_token: "expired_token" bool,
    /// The answer is 429, to be tried again after so long.
    may throttle: "throttle" Period,
});

document!(
    /// Which requests a fault concerns.
    Matching, "what a fault matches" {
    /// The method.
    may method: "method" Words,
    /// A glob over the path: `*` stands for any run within a segment, `**` for any run.
    may path: "path" Words,
});

document!(
    /// An answer in the place of the right one.
    Answer, "an answer" {
    /// The status, from 200 to 599.
    must status: "status" Spanned<u32>,
    /// Headers, beside those that every answer carries.
    may headers: "headers" Named<String>,
    /// The body: text as it is, anything else as JSON. Without it what Azure says with that status.
    may body: "body" Any,
});

fn guid(schema: &mut Schema) {
    let pattern = "^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$";
    schema.insert("pattern".to_owned(), pattern.into());
}

/// The JSON Schema of a world, draft 2020-12.
pub fn schema() -> Value {
    let generator = schemars::generate::SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<Document>();
    schema.insert("title".to_owned(), "mi-run world".into());
    schema.to_value()
}
