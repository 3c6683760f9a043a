"""Microsoft's Python clients, unmodified, against `mi-run emulate`; `tests/clients/run` runs it on every host.

    mi-run emulate tests/clients/world.yaml -- python tests/clients/check.py vm

What the clients need, they find in the environment that `mi-run emulate -- CMD` sets.
"""

import logging
import os
import sys
import uuid

from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError
from azure.identity import ManagedIdentityCredential, WorkloadIdentityCredential
from azure.mgmt.authorization import AuthorizationManagementClient
from azure.mgmt.resource.resources import ResourceManagementClient

SUBSCRIPTION = "98f51385-2edc-4b79-bed9-7718de4cb861"
SCOPE = f"/subscriptions/{SUBSCRIPTION}"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
VAULTS = "Microsoft.KeyVault/vaults"
# The client id of the identity `reader` in world.yaml.
READER_CLIENT = "6f4a4c3e-6f1d-4d2a-9f5e-0b7f5d1f0a01"


def main(host):
    credential = WorkloadIdentityCredential() if host == "aks" else ManagedIdentityCredential()
    token = credential.get_token("https://management.azure.com/.default")
    assert token.token.count(".") == 2, "a token has three parts"
    resources = client(ResourceManagementClient, credential)
    if host in ("vm", "app_service"):
        groups(resources)
    else:
        assert resources.resource_groups.get("DevTest").name == "DevTest"
    if host == "vm":
        generic_resources(resources)
        role_assignments(client(AuthorizationManagementClient, credential))
        refusals(resources)
        unknown_identity()
    print(f"ok: {host}")


def client(kind, credential):
    """A client of Resource Manager as the emulator serves it."""
    return kind(
        credential,
        SUBSCRIPTION,
        base_url=os.environ["MI_RUN_ARM_ENDPOINT"],
        credential_scopes=["https://management.azure.com/.default"],
    )


def groups(resources):
    group = resources.resource_groups.get("DevTest")
    assert (group.name, group.location) == ("DevTest", "westeurope"), group
    assert group.properties.provisioning_state == "Succeeded", group

    everything = [group.name for group in resources.resource_groups.list()]
    paged = list(resources.resource_groups.list(top=1).by_page())
    assert "DevTest" in everything and len(everything) >= 3, everything
    assert len(list(paged[0])) == 1, "a page holds as many as were asked for"

    assert resources.resource_groups.check_existence("DevTest") is True
    assert resources.resource_groups.check_existence("Missing") is False
    expect(ResourceNotFoundError, "ResourceGroupNotFound", lambda: resources.resource_groups.get("Missing"))

    made = resources.resource_groups.create_or_update("Probe", {"location": "westeurope", "tags": {"by": "python"}})
    assert (made.name, made.tags) == ("Probe", {"by": "python"}), made
    changed = resources.resource_groups.update("Probe", {"tags": {"by": "python", "x": "1"}})
    assert changed.tags == {"by": "python", "x": "1"}, changed
    tagged = resources.resource_groups.list(filter="tagName eq 'x' and tagValue eq '1'")
    assert [group.name for group in tagged] == ["Probe"]
    resources.resource_groups.begin_delete("Probe").result()
    assert resources.resource_groups.check_existence("Probe") is False


def generic_resources(resources):
    before = {resource.name for resource in resources.resources.list_by_resource_group("DevTest")}
    assert "web-1" in before, before
    vault = {"location": "westeurope", "properties": {"sku": {"family": "A", "name": "standard"}}}
    identifier = f"{SCOPE}/resourceGroups/DevTest/providers/{VAULTS}/probe"
    version = "2023-07-01"
    made = resources.resources.begin_create_or_update_by_id(identifier, api_version=version, parameters=vault).result()
    assert made.id == identifier, made.id
    assert resources.resources.get_by_id(identifier, api_version=version).name == "probe"
    found = resources.resources.list(filter=f"resourceType eq '{VAULTS}'")
    assert [resource.name for resource in found] == ["probe"]
    resources.resources.begin_delete_by_id(identifier, api_version=version).result()
    missing = lambda: resources.resources.get_by_id(identifier, api_version=version)
    expect(ResourceNotFoundError, "ResourceNotFound", missing)


def role_assignments(authorization):
    group = f"{SCOPE}/resourceGroups/DevTest"
    actions = [entry.actions for entry in authorization.permissions.list_for_resource_group("DevTest")]
    assert ["*"] in actions, actions
    roles = authorization.role_definitions.list(SCOPE, filter="roleName eq 'Reader'")
    assert [role.name for role in roles] == [READER]
    assert len(list(authorization.role_definitions.list(SCOPE))) > 900

    name = str(uuid.uuid4())
    parameters = {
        "role_definition_id": f"{SCOPE}/providers/Microsoft.Authorization/roleDefinitions/{READER}",
        "principal_id": str(uuid.uuid4()),
        "principal_type": "ServicePrincipal",
    }
    made = authorization.role_assignments.create(group, name, parameters)
    assert made.scope == group and made.principal_id == parameters["principal_id"], made
    again = lambda: authorization.role_assignments.create(group, str(uuid.uuid4()), parameters)
    expect(HttpResponseError, "RoleAssignmentExists", again)
    at_scope = authorization.role_assignments.list_for_scope(group, filter="atScope()")
    assert name in [assignment.name for assignment in at_scope]
    in_group = authorization.role_assignments.list_for_resource_group("DevTest")
    assert name in [assignment.name for assignment in in_group]
    assert authorization.role_assignments.delete(group, name).name == name
    assert authorization.role_assignments.delete(group, name) is None


def refusals(resources):
    """The reader may read, and nothing else."""
    reader = client(ResourceManagementClient, ManagedIdentityCredential(client_id=READER_CLIENT))
    assert reader.resource_groups.get("DevTest").name == "DevTest"
    write = lambda: reader.resource_groups.create_or_update("Probe", {"location": "westeurope"})
    expect(HttpResponseError, "AuthorizationFailed", write)
    assert resources.resource_groups.check_existence("Probe") is False


def unknown_identity():
    stranger = ManagedIdentityCredential(client_id=str(uuid.uuid4()))
    try:
        stranger.get_token("https://management.azure.com/.default")
    except ClientAuthenticationError as error:
        assert "Identity not found" in str(error), error
    else:
        raise AssertionError("a stranger got a token")


def expect(kind, code, call):
    """The call must fail with this code of Resource Manager's."""
    try:
        call()
    except kind as error:
        assert error.error.code == code, error
        assert error.response.headers["x-ms-request-id"], error
    else:
        raise AssertionError(f"{code} was expected")


logging.disable()
main(sys.argv[1])
