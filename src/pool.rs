//! A few threads that compute values, and tasks that are joined for them.
//!
//! Whoever asks for a value that nobody has begun computes it himself, so a pool without threads of
//! its own works too, and no thread sleeps while there is work. Nothing here depends on which
//! thread computes what: tasks are joined in the order their holder chooses.

use std::{
    cell::{Cell, OnceCell},
    collections::VecDeque,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
};

/// Threads that wait for work. They end when the pool is dropped.
pub struct Pool {
    shared: Arc<Shared>,
    /// Started when there was enough to do.
    threads: OnceCell<Vec<JoinHandle<()>>>,
    n_threads: usize,
    n_submitted: Cell<usize>,
}

/// For fewer values than this no thread is started: it would cost more than it gives.
const WORTH_THREADS: usize = 64;

/// A value that is being computed.
pub struct Task<T> {
    slot: Arc<Slot<T>>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    work: Mutex<Work>,
    arrived: Condvar,
}

#[derive(Default)]
struct Work {
    waiting: VecDeque<Arc<dyn WorkItem>>,
    is_over: bool,
}

/// Something that is done once, by whoever comes first.
trait WorkItem: Send + Sync {
    fn run(&self);
}

struct Slot<T> {
    state: Mutex<TaskState<T>>,
    done: Condvar,
}

enum TaskState<T> {
    Pending(Box<dyn FnOnce() -> T + Send>),
    Running,
    Done(T),
    Gone,
}

impl Pool {
    /// A pool that keeps `n_threads` busy, the caller's own included; at least that one.
    pub fn new(n_threads: usize) -> Self {
        let (shared, threads) = (Arc::new(Shared::default()), OnceCell::new());
        Self { shared, threads, n_threads: n_threads.max(1), n_submitted: Cell::new(0) }
    }

    /// How many threads compute once there is enough to do, the caller's own included.
    pub fn n_threads(&self) -> usize {
        self.n_threads
    }

    /// Whether there are threads beside the caller's own, which are started when they are worth it.
    ///
    /// Where the machine gives no more threads the pool makes do with fewer.
    fn has_threads(&self) -> bool {
        let n_submitted = self.n_submitted.get() + 1;
        self.n_submitted.set(n_submitted);
        if n_submitted < WORTH_THREADS {
            return false;
        }
        let start = |_| {
            let shared = Arc::clone(&self.shared);
            thread::Builder::new().name("archive".into()).spawn(move || serve(&shared)).ok()
        };
        let threads = self.threads.get_or_init(|| (1..self.n_threads).map_while(start).collect());
        !threads.is_empty()
    }

    /// Has a value computed.
    pub fn submit<T: Send + 'static>(
        &self,
        compute: impl FnOnce() -> T + Send + 'static,
    ) -> Task<T> {
        let state = Mutex::new(TaskState::Pending(Box::new(compute)));
        let slot = Arc::new(Slot { state, done: Condvar::new() });
        if self.has_threads() {
            locked(&self.shared.work).waiting.push_back(slot.clone());
            self.shared.arrived.notify_one();
        }
        Task { slot, shared: Arc::clone(&self.shared) }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let mut work = locked(&self.shared.work);
        work.is_over = true;
        work.waiting.clear();
        drop(work);
        self.shared.arrived.notify_all();
        for thread in self.threads.take().unwrap_or_default() {
            // A thread that panicked has printed that.
            let _ = thread.join();
        }
    }
}

impl<T: Send> Task<T> {
    /// The value, computed here and now if nobody has begun.
    ///
    /// # Panics
    /// When computing it has panicked.
    pub fn join(self) -> T {
        self.slot.run();
        loop {
            let mut state = locked(&self.slot.state);
            match std::mem::replace(&mut *state, TaskState::Gone) {
                TaskState::Done(value) => return value,
                TaskState::Gone => panic!("the thread that computed a value has panicked"),
                other => *state = other,
            }
            drop(state);
            // Somebody is at it: do something else meanwhile.
            let next = locked(&self.shared.work).waiting.pop_front();
            match next {
                Some(task) => task.run(),
                None => self.slot.wait(),
            }
        }
    }
}

impl<T> Slot<T> {
    fn wait(&self) {
        let mut state = locked(&self.state);
        while matches!(*state, TaskState::Running) {
            state = self.done.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl<T: Send> WorkItem for Slot<T> {
    fn run(&self) {
        let mut state = locked(&self.state);
        let compute = match std::mem::replace(&mut *state, TaskState::Running) {
            TaskState::Pending(compute) => compute,
            // Somebody else has begun, and perhaps ended.
            begun => return *state = begun,
        };
        drop(state);
        let _ended = Ended(self);
        let value = compute();
        *locked(&self.state) = TaskState::Done(value);
    }
}

/// Wakes those who wait, also when computing ended in a panic.
struct Ended<'a, T>(&'a Slot<T>);

impl<T> Drop for Ended<'_, T> {
    fn drop(&mut self) {
        let mut state = locked(&self.0.state);
        if matches!(*state, TaskState::Running) {
            *state = TaskState::Gone;
        }
        drop(state);
        self.0.done.notify_all();
    }
}

fn serve(shared: &Shared) {
    loop {
        let mut work = locked(&shared.work);
        let task = loop {
            match work.waiting.pop_front() {
                Some(task) => break task,
                None if work.is_over => return,
                None => work = shared.arrived.wait(work).unwrap_or_else(PoisonError::into_inner),
            }
        };
        drop(work);
        task.run();
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    use super::*;

    #[test]
    fn every_task_gives_its_value_whatever_the_number_of_threads() {
        for n_threads in [0, 1, 2, 8] {
            let pool = Pool::new(n_threads);
            let tasks: Vec<_> = (0..500_u64).map(|n| pool.submit(move || n * n)).collect();
            let values: Vec<u64> = tasks.into_iter().map(Task::join).collect();
            assert!(values.iter().zip(0..).all(|(value, n)| *value == n * n), "{n_threads}");
        }
    }

    #[test]
    fn each_value_is_computed_once() {
        static N_RUNS: AtomicUsize = AtomicUsize::new(0);
        let pool = Pool::new(4);
        let tasks: Vec<_> = (0..200).map(|_| pool.submit(|| N_RUNS.fetch_add(1, SeqCst))).collect();
        let n_joined = tasks.into_iter().rev().map(Task::join).count();
        assert_eq!(n_joined, 200);
        drop(pool);
        assert_eq!(N_RUNS.load(SeqCst), 200);
    }

    #[test]
    fn a_task_may_be_thrown_away() {
        let pool = Pool::new(2);
        (0..500).for_each(|n| drop(pool.submit(move || n)));
        assert_eq!(pool.submit(|| 7).join(), 7);
    }

    #[test]
    #[should_panic(expected = "panicked")]
    fn a_panic_reaches_whoever_waits() {
        let pool = Pool::new(2);
        (0..WORTH_THREADS).for_each(|n| drop(pool.submit(move || n)));
        let task = pool.submit(|| panic!("panicked on purpose"));
        task.join()
    }
}
