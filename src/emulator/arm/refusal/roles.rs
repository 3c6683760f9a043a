//! Refusals of requests to role assignments, role definitions and deny assignments.

use super::Refusal;

impl Refusal {
    pub(in crate::emulator::arm) fn unsupported_filter() -> Refusal {
        Refusal::new(400, "UnsupportedQuery", "The filter is not supported here.")
    }

    pub(in crate::emulator::arm) fn assignment_not_found(name: &str) -> Refusal {
        Refusal::new(404, "RoleAssignmentNotFound", format!("The role assignment '{name}' is not found."))
    }

    pub(in crate::emulator::arm) fn assignment_exists(name: &str) -> Refusal {
        Refusal::new(
            409,
            "RoleAssignmentExists",
            format!(
                "The role assignment already exists. The ID of the existing role assignment is {}.",
                name.replace('-', "")
            ),
        )
    }

    pub(in crate::emulator::arm) fn assignment_update() -> Refusal {
        Refusal::new(
            400,
            "RoleAssignmentUpdateNotPermitted",
            "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.",
        )
    }

    pub(in crate::emulator::arm) fn principal_not_found(principal: &str, tenant: &str) -> Refusal {
        Refusal::new(
            400,
            "PrincipalNotFound",
            format!(
                "Principal {} does not exist in the directory {tenant}. Check that you have the correct principal ID. If \
                 you are creating this principal and then immediately assigning a role, this error might be related to a \
                 replication delay. In this case, set the role assignment principalType property to a value, such as \
                 ServicePrincipal, User, or Group. See https://aka.ms/docs-principaltype",
                principal.replace('-', "")
            ),
        )
    }

    pub(in crate::emulator::arm) fn unmatched_principal(principal: &str) -> Refusal {
        Refusal::new(
            400,
            "UnmatchedPrincipalType",
            format!("The principal type of {} does not match the one in the directory.", principal.replace('-', "")),
        )
    }

    pub(in crate::emulator::arm) fn definition_not_found(id: &str) -> Refusal {
        Refusal::new(
            404,
            "RoleDefinitionDoesNotExist",
            format!("The specified role definition with ID '{id}' does not exist."),
        )
    }

    pub(in crate::emulator::arm) fn definition_is_built_in() -> Refusal {
        Refusal::new(403, "RoleDefinitionIsBuiltIn", "Built-in roles cannot be changed or deleted.")
    }

    pub(in crate::emulator::arm) fn definition_has_assignments() -> Refusal {
        Refusal::new(
            400,
            "RoleDefinitionHasAssignments",
            "There are existing role assignments referencing role. Remove them before you delete the role.",
        )
    }

    pub(in crate::emulator::arm) fn definition_name_taken(name: &str) -> Refusal {
        Refusal::new(
            409,
            "RoleDefinitionWithSameNameExists",
            format!(
                "A custom role with the same name already exists in this directory. Use a different name than '{name}'."
            ),
        )
    }

    pub(in crate::emulator::arm) fn denial_not_found(name: &str) -> Refusal {
        Refusal::new(404, "DenyAssignmentNotFound", format!("The deny assignment '{name}' is not found."))
    }
}
