//! What a child gives up before it reads a document: memory and time beyond bounds, files, all but a few system calls.
//!
//! Each of the three stands for itself, and what a kernel does not know is left out; `archive formats` says which hold.

use std::{collections::BTreeMap, path::Path};

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, Ruleset, RulesetAttr as _, RulesetCreatedAttr as _,
    RulesetStatus, path_beneath_rules,
};
use rustix::process::{Resource, Rlimit, setrlimit};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, apply_filter,
};

/// All memory that a child may have.
const MEMORY_BYTES_MAX: u64 = 1 << 30;
/// Processor time, in seconds.
const CPU_SECONDS_MAX: u64 = 10;

/// What holds for a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Confinement {
    /// Bounds of memory and time, nothing written to files.
    pub has_limits: bool,
    /// No file can be opened (landlock).
    pub has_no_files: bool,
    /// A list of system calls, and no others (seccomp).
    pub has_few_calls: bool,
}

impl Confinement {
    /// As a child says it.
    pub fn line(self) -> String {
        let Self { has_limits, has_no_files, has_few_calls } = self;
        format!("{has_limits} {has_no_files} {has_few_calls}\n")
    }

    /// What a child said.
    pub fn of_line(line: &str) -> Option<Self> {
        let words: Vec<bool> =
            line.split_whitespace().map(|word| word.parse().ok()).collect::<Option<_>>()?;
        let [has_limits, has_no_files, has_few_calls] = words[..] else { return None };
        Some(Self { has_limits, has_no_files, has_few_calls })
    }
}

/// Gives up what can be given up, for good.
pub fn enter() -> Confinement {
    let has_no_files = forbid_files();
    // From here on no file could be opened that the rules need.
    Confinement { has_limits: limit(0), has_no_files, has_few_calls: forbid_calls().is_some() }
}

/// The same for a program that is begun next: it has to open its own files, so it may read those of the system and those in
/// its folder, write none and talk to nobody.
pub fn enter_for(program: &Path) -> Confinement {
    let has_no_files = allow_system(program);
    let has_limits = limit(FILES_MAX);
    Confinement { has_limits, has_no_files, has_few_calls: forbid_talk().is_some() }
}

/// Where programs and what belongs to them lies.
const SYSTEM: [&str; 9] =
    ["/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/etc", "/opt", "/nix"];
/// Files that a program of the user has open.
const FILES_MAX: u64 = 256;

fn allow_system(program: &Path) -> bool {
    let read = AccessFs::from_read(ABI::V4);
    let own = program.parent().into_iter();
    let system = SYSTEM.into_iter().map(Path::new).chain(own);
    let devices = ["/dev/null", "/dev/zero", "/dev/urandom", "/dev/random"];
    let may_write = AccessFs::ReadFile | AccessFs::WriteFile;
    let rules = Ruleset::default()
        .handle_access(AccessFs::from_all(ABI::V4))
        .and_then(|rules| rules.handle_access(AccessNet::from_all(ABI::V4)))
        .and_then(|rules| rules.create())
        .and_then(|rules| rules.add_rules(path_beneath_rules(system, read)))
        .and_then(|rules| rules.add_rules(path_beneath_rules(devices, may_write)))
        .and_then(|rules| rules.restrict_self());
    rules.is_ok_and(|it| it.ruleset != RulesetStatus::NotEnforced)
}

/// Calls by which a program would talk to others, or reach into them.
const TALK: &[libc::c_long] = &[
    libc::SYS_socket,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_sendto,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_kill,
    libc::SYS_setsid,
    libc::SYS_setpgid,
    libc::SYS_io_uring_setup,
];

fn forbid_talk() -> Option<()> {
    let architecture = TargetArch::try_from(std::env::consts::ARCH).ok()?;
    let refused = SeccompAction::Errno(libc::EPERM as u32);
    let rules = TALK.iter().map(|call| (*call, Vec::new())).collect();
    apply(SeccompFilter::new(rules, SeccompAction::Allow, refused, architecture).ok()?)
}

fn limit(n_files_max: u64) -> bool {
    let limits = [
        (Resource::As, MEMORY_BYTES_MAX),
        (Resource::Cpu, CPU_SECONDS_MAX),
        (Resource::Core, 0),
        (Resource::Fsize, 0),
        (Resource::Nofile, n_files_max),
    ];
    let set = |(resource, n)| setrlimit(resource, Rlimit { current: Some(n), maximum: Some(n) });
    limits.map(set).iter().all(Result::is_ok)
}

fn forbid_files() -> bool {
    let rules = Ruleset::default()
        .handle_access(AccessFs::from_all(ABI::V4))
        .and_then(|rules| rules.create())
        .and_then(|rules| rules.restrict_self());
    rules.is_ok_and(|it| it.ruleset != RulesetStatus::NotEnforced)
}

/// What reading, computing and ending needs.
const CALLS: &[libc::c_long] = &[
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_close,
    libc::SYS_fstat,
    libc::SYS_statx,
    libc::SYS_lseek,
    libc::SYS_mmap,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_mprotect,
    libc::SYS_madvise,
    libc::SYS_brk,
    libc::SYS_clone3,
    libc::SYS_futex,
    libc::SYS_rseq,
    libc::SYS_sched_getaffinity,
    libc::SYS_set_robust_list,
    libc::SYS_getrandom,
    libc::SYS_clock_gettime,
    libc::SYS_sched_yield,
    libc::SYS_sigaltstack,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_tgkill,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

/// Any other call fails, as if it were not allowed. Threads may be begun, and no processes: of `clone3`, whose words a
/// filter does not see, it is said that there is none, so that `clone` is called.
fn forbid_calls() -> Option<()> {
    let architecture = TargetArch::try_from(std::env::consts::ARCH).ok()?;
    let missing = SeccompAction::Errno(libc::ENOSYS as u32);
    let newer = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
    apply(SeccompFilter::new(newer, SeccompAction::Allow, missing, architecture).ok()?)?;
    let mut rules: BTreeMap<i64, Vec<_>> = CALLS.iter().map(|call| (*call, Vec::new())).collect();
    let thread = libc::CLONE_THREAD as u64;
    let begins_thread = SeccompCmpOp::MaskedEq(thread);
    let condition =
        SeccompCondition::new(0, SeccompCmpArgLen::Qword, begins_thread, thread).ok()?;
    rules.insert(libc::SYS_clone, vec![SeccompRule::new(vec![condition]).ok()?]);
    let refused = SeccompAction::Errno(libc::EPERM as u32);
    apply(SeccompFilter::new(rules, refused, SeccompAction::Allow, architecture).ok()?)
}

fn apply(filter: SeccompFilter) -> Option<()> {
    let program: BpfProgram = filter.try_into().ok()?;
    apply_filter(&program).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_child_says_of_itself_is_understood() {
        let confinement =
            Confinement { has_limits: true, has_no_files: false, has_few_calls: true };
        assert_eq!(Confinement::of_line(&confinement.line()), Some(confinement));
        assert_eq!(Confinement::of_line("true"), None);
        assert_eq!(Confinement::of_line("true true perhaps"), None);
    }
}
