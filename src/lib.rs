//! scimulate stands in for the Azure side of automatic user provisioning: it reads a directory
//! export, decides who is in scope, maps attributes, matches accounts in a SCIM target, and
//! creates, patches and deactivates them in initial and incremental cycles, as the Microsoft
//! Entra provisioning service does.
//!
//! Data flows one way inside a cycle:
//!
//! ```text
//! export ─source─▶ User ─scoping─▶ Decision ─mapping─▶ Desired ─plan─▶ Action ─engine─▶ client ─▶ target
//!                             saved state ─store─┘        answers ─client─┘        └─▶ Event stream
//! ```
//!
//! Modules sit on floors; each uses only those below it. `ARCHITECTURE.md` has the map, and a
//! test keeps it true.

// floor 0: vocabulary
pub mod base;
pub mod directory;
pub mod expression;
pub mod scim;
// floor 1: rules
pub mod event;
pub mod mapping;
pub mod matching;
pub mod plan;
pub mod schema;
pub mod scoping;
// floor 2: edges
pub mod client;
pub mod clock;
pub mod config;
pub mod notify;
pub mod source;
pub mod store;
pub mod target;
pub mod threads;
// floor 3: services
pub mod check;
pub mod engine;
pub mod report;
// floor 4: command line
pub mod cli;
