//! libhmm for Rust: [`Hmm`], the global allocator, and [`Heap`], a heap over a buffer of yours.
//!
//! ```no_run
//! #[global_allocator]
//! static GLOBAL: libhmm::Hmm = libhmm::Hmm;
//! ```
//!
//! A double, invalid or foreign free, and one with the layout of another block, ends the program at the call, with one line on standard error. The crate has no
//! dependencies; it needs libhmm installed (see `build.rs` for where it is looked for).
#![no_std]
#![warn(missing_docs)]

use core::alloc::{GlobalAlloc, Layout};
use core::ffi::c_void;
use core::marker::PhantomData;
use core::ptr::{null_mut, NonNull};

/// Blocks of this alignment need no care: all of libhmm's have it.
const BLOCK_ALIGN: usize = 16;

#[repr(C)]
struct HmmHeap {
    _opaque: [u8; 0],
}

/// What is in a [`Heap`]. Sizes in bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeapStats {
    /// of the buffer
    pub buffer_bytes: usize,
    /// of it, for the heap's own records
    pub record_bytes: usize,
    /// of it, for blocks
    pub capacity_bytes: usize,
    /// below the break
    pub break_bytes: usize,
    /// its highest so far
    pub peak_break_bytes: usize,
    /// in blocks that are held
    pub live_bytes: usize,
    /// number
    pub live_blocks: usize,
    /// in free blocks below the break
    pub free_bytes: usize,
    /// number
    pub free_blocks: usize,
    /// that can be allocated now
    pub largest_bytes: usize,
    /// the most that was live at once
    pub peak_live_bytes: usize,
    /// of `capacity_bytes`, those that were never live
    pub least_free_bytes: usize,
    /// number of requests that got none
    pub refused: usize,
    /// of all requests
    pub largest_request_bytes: usize,
    /// of those that got none
    pub largest_refused_bytes: usize,
}

extern "C" {
    fn HmmAlloc(size: usize) -> *mut c_void;
    fn HmmAllocAligned(alignment: usize, size: usize) -> *mut c_void;
    fn HmmCalloc(count: usize, size: usize) -> *mut c_void;
    fn HmmRealloc(block: *mut c_void, size: usize) -> *mut c_void;
    fn free_sized(block: *mut c_void, size: usize);
    fn free_aligned_sized(block: *mut c_void, alignment: usize, size: usize);
    fn HmmUsableSize(block: *const c_void) -> usize;
    fn HmmTrim(keep: usize) -> usize;
    fn HmmCheck() -> *const u8;
    fn HmmPrintFreeList(fd: i32);

    fn HmmHeapMinBytes() -> usize;
    fn HmmHeapCreate(buffer: *mut c_void, bytes: usize, options: *const c_void) -> *mut HmmHeap;
    fn HmmHeapAllocAligned(heap: *mut HmmHeap, alignment: usize, size: usize) -> *mut c_void;
    fn HmmHeapFree(heap: *mut HmmHeap, block: *mut c_void);
    fn HmmHeapGetStats(heap: *mut HmmHeap, stats: *mut HeapStats);
    fn HmmHeapGetMarks(heap: *mut HmmHeap, stats: *mut HeapStats);
    fn HmmHeapCheck(heap: *mut HmmHeap) -> *const u8;
    fn HmmHeapDestroy(heap: *mut HmmHeap);
}

/// The process heap.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hmm;

unsafe impl GlobalAlloc for Hmm {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() <= BLOCK_ALIGN {
            HmmAlloc(layout.size()).cast()
        } else {
            HmmAllocAligned(layout.align(), layout.size()).cast()
        }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if layout.align() <= BLOCK_ALIGN {
            free_sized(block.cast(), layout.size())
        } else {
            free_aligned_sized(block.cast(), layout.align(), layout.size())
        }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if layout.align() <= BLOCK_ALIGN {
            return HmmCalloc(1, layout.size()).cast();
        }
        let block = self.alloc(layout);
        if !block.is_null() {
            block.write_bytes(0, layout.size());
        }
        block
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if layout.align() <= BLOCK_ALIGN {
            return HmmRealloc(block.cast(), new_size).cast();
        }
        let moved = self.alloc(Layout::from_size_align_unchecked(new_size, layout.align()));
        if !moved.is_null() {
            moved.copy_from_nonoverlapping(block, layout.size().min(new_size));
            self.dealloc(block, layout);
        }
        moved
    }
}

impl Hmm {
    /// Bytes of a block that may be used, at least those asked for.
    ///
    /// # Safety
    /// `block` is a live block of the process heap; anything else ends the program.
    pub unsafe fn usable_size(&self, block: *const u8) -> usize {
        HmmUsableSize(block.cast())
    }

    /// Give free memory back now, all but `keep` bytes. Returns bytes given back.
    pub fn trim(&self, keep: usize) -> usize {
        unsafe { HmmTrim(keep) }
    }

    /// Check the whole heap: the name of the first invariant that does not hold.
    pub fn check(&self) -> Option<&'static str> {
        unsafe { name(HmmCheck()) }
    }

    /// The free list, for people, on a file descriptor.
    pub fn print_free_list(&self, fd: i32) {
        unsafe { HmmPrintFreeList(fd) }
    }
}

/// # Safety
/// NULL, or a string that is never freed.
unsafe fn name(chars: *const u8) -> Option<&'static str> {
    if chars.is_null() {
        return None;
    }
    let n_chars = (0..).take_while(|i| *chars.add(*i) != 0).count();
    core::str::from_utf8(core::slice::from_raw_parts(chars, n_chars)).ok()
}

/// A heap over a buffer: allocating and freeing take a bounded time, and nothing of the operating system.
///
/// ```
/// # use core::alloc::Layout;
/// let mut buffer = [0u8; 4096];
/// let mut heap = libhmm::Heap::new(&mut buffer).unwrap();
/// let block = heap.alloc(Layout::from_size_align(100, 8).unwrap()).unwrap();
/// assert_eq!(heap.stats().live_bytes, 112);
/// unsafe { heap.dealloc(block) };
/// ```
pub struct Heap<'buffer> {
    heap: *mut HmmHeap,
    buffer: PhantomData<&'buffer mut [u8]>,
}

unsafe impl Send for Heap<'_> {}

impl<'buffer> Heap<'buffer> {
    /// The smallest buffer that is enough for one 16-byte block.
    pub fn min_bytes() -> usize {
        unsafe { HmmHeapMinBytes() }
    }

    /// None: the buffer is too small.
    pub fn new(buffer: &'buffer mut [u8]) -> Option<Self> {
        let heap = unsafe { HmmHeapCreate(buffer.as_mut_ptr().cast(), buffer.len(), core::ptr::null()) };
        (!heap.is_null()).then_some(Heap { heap, buffer: PhantomData })
    }

    /// A block; None: there is no free block that long. A layout of size 0 has none.
    pub fn alloc(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        let block = unsafe { HmmHeapAllocAligned(self.heap, layout.align(), layout.size()) };
        NonNull::new(block.cast())
    }

    /// Free a block.
    ///
    /// # Safety
    /// Nobody uses the block any more. What is not a live block of this heap ends the program.
    pub unsafe fn dealloc(&mut self, block: NonNull<u8>) {
        HmmHeapFree(self.heap, block.as_ptr().cast())
    }

    /// Figures.
    pub fn stats(&self) -> HeapStats {
        let mut stats = HeapStats::default();
        unsafe { HmmHeapGetStats(self.heap, &mut stats) };
        stats
    }

    /// The same in constant time: all but `live_blocks`, `free_blocks` and `largest_bytes`, which are 0.
    pub fn marks(&self) -> HeapStats {
        let mut stats = HeapStats::default();
        unsafe { HmmHeapGetMarks(self.heap, &mut stats) };
        stats
    }

    /// Check the whole heap: the name of the first invariant that does not hold.
    pub fn check(&self) -> Option<&'static str> {
        unsafe { name(HmmHeapCheck(self.heap)) }
    }
}

impl Drop for Heap<'_> {
    fn drop(&mut self) {
        unsafe { HmmHeapDestroy(self.heap) };
        self.heap = null_mut();
    }
}
