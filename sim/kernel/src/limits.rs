//! Everything has a limit with a name.

/// The limits of one machine. A learner who meets one reads its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Scheduler steps one command line may take before it is stopped (a `while true` ends here).
    pub command_steps_max: u64,
    /// Virtual nanoseconds one command line may let pass before it is stopped.
    pub command_nanos_max: u64,
    /// Bytes one command line may print to a terminal.
    pub command_output_bytes_max: u64,
    /// Bytes all files may hold together.
    pub files_bytes_max: u64,
    /// Bytes one file may hold.
    pub file_bytes_max: u64,
    /// Files, directories and links together.
    pub inodes_max: u64,
    /// Bytes a pipe holds before its writer waits (Linux: 64 KiB).
    pub pipe_bytes_max: usize,
    /// Processes alive at once.
    pub processes_max: usize,
    /// Lines of scrollback a terminal keeps.
    pub scrollback_lines_max: usize,
    /// Events the log keeps.
    pub events_max: usize,
    /// Nesting of the command language (subshells, groups, substitutions, functions).
    pub nesting_max: usize,
    /// Hosts of a simulated world.
    pub world_hosts_max: usize,
    /// Events of a simulated world that wait to happen.
    pub world_pending_max: usize,
    /// Past events a simulated world remembers.
    pub world_trace_max: usize,
    /// Faults in force at once, and past faults that are remembered.
    pub world_faults_max: usize,
    /// Events of a simulated world that may happen before whoever lets time pass is asked again.
    pub advance_events_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            command_steps_max: 2_000_000,
            command_nanos_max: 24 * 3600 * 1_000_000_000,
            command_output_bytes_max: 8 << 20,
            files_bytes_max: 192 << 20,
            file_bytes_max: 64 << 20,
            inodes_max: 200_000,
            pipe_bytes_max: 64 << 10,
            processes_max: 256,
            scrollback_lines_max: 5_000,
            events_max: 100_000,
            nesting_max: 64,
            world_hosts_max: 64,
            world_pending_max: 200_000,
            world_trace_max: 65_536,
            world_faults_max: 256,
            advance_events_max: 5_000_000,
        }
    }
}
