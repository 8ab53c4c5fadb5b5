//! The steps of one provisioning operation, with the names and types of the provisioning log.
//!
//! After Microsoft, *How to analyze the Microsoft Entra provisioning logs*, and recorded entries.

use std::borrow::Cow;

/// One step, as the provisioning log has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvisioningStep {
    /// What was done.
    pub name: StepName,
    /// What kind of step it is.
    pub kind: StepType,
    /// How it ended.
    pub status: StepStatus,
    /// One sentence for people, without a full stop.
    pub description: String,
    /// What it looked at, or what it did.
    pub details: Vec<Detail>,
}

impl ProvisioningStep {
    /// The value of a detail.
    pub fn detail(&self, name: &str) -> Option<&str> {
        self.details.iter().find(|detail| detail.name == name)?.value.as_deref()
    }
}

/// One thing that a step looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail {
    /// What it is.
    pub name: Cow<'static, str>,
    /// Its value as text, empty for null; `None` where the export doesn't contain it.
    pub value: Option<String>,
    /// Why it is so, where that isn't plain; Microsoft's log has no such thing.
    pub evidence: Option<String>,
}

impl Detail {
    /// A detail with a value.
    pub fn new(name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: Some(value.into()), evidence: None }
    }
}

/// A closed list of words, each with its spelling in the log and a number that the store keeps.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// Every one of them. The store keeps places in this list: new ones come last.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The word of the log.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            /// Reads the word in any letter case.
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.as_str().eq_ignore_ascii_case(word))
            }
        }
    };
}

words! {
    /// Microsoft's names of steps.
    StepName {
        /// The test query; the log has no such step.
        TestConnection = "TestConnection",
        /// A source object is seen for the first time.
        EntryImportAdd = "EntryImportAdd",
        /// A source object that was exported before.
        EntryImportUpdate = "EntryImportUpdate",
        /// A source object that is gone.
        EntryImportDelete = "EntryImportDelete",
        /// A failed object is tried again.
        EntryEscrowRetry = "EntryEscrowRetry",
        /// An account was read, or looked for and found.
        EntryImport = "EntryImport",
        /// An account was looked for and not found.
        EntryImportObjectNotFound = "EntryImportObjectNotFound",
        /// It was decided whether the object is in scope.
        EntrySynchronizationScoping = "EntrySynchronizationScoping",
        /// An account is to be created.
        EntrySynchronizationAdd = "EntrySynchronizationAdd",
        /// An account is to be changed.
        EntrySynchronizationUpdate = "EntrySynchronizationUpdate",
        /// An account is to be deleted.
        EntrySynchronizationDelete = "EntrySynchronizationDelete",
        /// Nothing is done.
        EntrySynchronizationSkip = "EntrySynchronizationSkip",
        /// A creation was sent.
        EntryExportAdd = "EntryExportAdd",
        /// A change was sent.
        EntryExportUpdate = "EntryExportUpdate",
        /// An account was deactivated.
        EntryExportUpdateSoftDelete = "EntryExportUpdateSoftDelete",
        /// A deletion was sent.
        EntryExportDelete = "EntryExportDelete",
    }
}

words! {
    /// `provisioningStepType`.
    StepType {
        /// The object is read from the source.
        Import = "import",
        /// It is decided whether the object is in scope.
        Scoping = "scoping",
        /// Its account is looked for.
        Matching = "matching",
        /// It is decided what is to be done.
        Processing = "processing",
        /// References to other objects.
        ReferenceResolution = "referenceResolution",
        /// Something is written to the target.
        Export = "export",
        /// The test query; the log has no such step.
        TestConnection = "testConnection",
    }
}

words! {
    /// How a step, or a whole operation, ended.
    StepStatus {
        /// As it should.
        Success = "success",
        /// It failed.
        Failure = "failure",
        /// Nothing was to be done, or nothing may be done.
        Skipped = "skipped",
    }
}
