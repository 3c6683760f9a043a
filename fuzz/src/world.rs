//! A world of the emulator, from its text.

use mi_run::diagnostic::Diagnostics;
use mi_run::emulator::world;
use mi_run::source::{Source, Sources};

use super::playbook::shown;

pub(crate) fn fuzz(bytes: &[u8]) {
    let Ok(source) = Source::from_bytes("x.yaml", bytes.to_vec()) else { return };
    let mut sources = Sources::new();
    let mut found = Diagnostics::new();
    let id = sources.add(source);
    if let Some(world) = world::read(id, &sources, &mut found) {
        world.identities.iter().for_each(|identity| drop(world.resource_id(identity)));
    }
    shown(found, &sources);
}
