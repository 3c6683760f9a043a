//! Where a started emulator can be reached.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use super::files::Files;
use super::{Bound, Secure};
use crate::emulator::hosts::{self, Places};
use crate::emulator::state::State;

/// Where a started emulator can be reached; what `mi-run emulate` prints.
#[derive(Clone, Debug, Serialize)]
pub struct Ready {
    /// The identity endpoint.
    pub imds: String,
    /// Resource Manager over https.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arm: Option<String>,
    /// Resource Manager over http.
    pub arm_http: String,
    /// The token authority.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
    /// What watches and moves the emulator itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control: Option<String>,
    /// The certificate to trust.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// The cloud, as playbooks name it.
    #[serde(skip)]
    pub cloud: &'static str,
    /// Where the keys of an Arc agent are, when that is what is emulated.
    #[serde(skip)]
    pub arc_keys: Option<PathBuf>,
    /// What a client needs in its environment.
    pub env: BTreeMap<&'static str, String>,
}

impl Ready {
    pub(super) fn of(
        (imds, arm_http, secure): (&Bound, &Bound, Option<&Secure>),
        state: &State,
        files: Option<&Files>,
    ) -> Ready {
        let arm = secure.map(|secure| secure.arm.url("https"));
        let arm_http = arm_http.url("http");
        let authority = secure.map(|secure| secure.authority.url("https"));
        let places = Places {
            imds: imds.url("http"),
            authority: authority.clone(),
            thumbprint: secure.map(|secure| secure.certificate.thumbprint.clone()).unwrap_or_default(),
            assertion: files.map(Files::assertion).filter(|path| path.exists()),
        };
        let mut env = hosts::environment(state, &places);
        env.insert("MI_RUN_ARM_ENDPOINT", arm.clone().unwrap_or_else(|| arm_http.clone()));
        let ca_file = secure.and(files).map(Files::ca);
        if let Some(path) = &ca_file {
            let path = path.display().to_string();
            for name in ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"] {
                env.insert(name, path.clone());
            }
        }
        let control = secure.map(|secure| secure.control.url("http"));
        let arc_keys = files.and_then(Files::arc).map(std::path::Path::to_owned);
        Ready {
            cloud: state.world.cloud.word(),
            arc_keys,
            imds: places.imds,
            arm,
            arm_http,
            authority,
            control,
            ca_file,
            env,
        }
    }
}
