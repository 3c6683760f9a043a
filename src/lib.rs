//! `mi-run`: declarative playbooks for managed identities and Azure Resource Manager.
