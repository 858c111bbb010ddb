"""Words that are no names of a project: those of the languages themselves, and what each brings along."""

import builtins


def named(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(text.split())


WORDS = named("""
    _ abstract and as assert async auto await bool boolean break byte case catch char class cls const constructor
    continue crate def default defer delete do double dyn echo elif else elseif elsif end enum except export extends
    extern false final finally float fn for foreach from fun func function global go goto if impl implements import in
    inline instanceof int interface internal is lambda let long loop match mod move mut namespace new nil none nonlocal
    not null or override package pass priv private proc protected pub public raise readonly rescue return sealed self
    short signed sizeof static struct super switch synchronized this throw throws trait true try type typedef typename
    typeof undefined unless unsafe unsigned until use using var virtual void volatile when where while with yield
    """)
"""Of the commonest languages, in lower case."""

_SCRIPT = named("""
    any Array BigInt Boolean clearInterval clearTimeout console crypto Date decodeURIComponent document
    encodeURIComponent Error exports fetch globalThis Infinity isNaN JSON keyof Map Math module NaN never number Number
    object Object of parseFloat parseInt Partial process Promise Proxy queueMicrotask RangeError Readonly Record Reflect
    RegExp require Set setInterval setTimeout string String structuredClone symbol Symbol TypeError unknown URL WeakMap
    WeakSet window
    """)

BUILT_IN: dict[str, frozenset[str]] = {
    "python": frozenset((*dir(builtins), "__name__", "__file__", "__all__", "__doc__")),
    "javascript": _SCRIPT,
    "typescript": _SCRIPT,
    "go": named("""
        any append byte cap chan clear close complex64 complex128 copy delete error fallthrough float32 float64 int8
        int16 int32 int64 iota len make map max min nil panic print println range recover rune select string uint uint8
        uint16 uint32 uint64 uintptr
        """),
    "rust": named("""
        assert assert_eq bool Box char Clone Copy dbg debug_assert Debug Default Drop eprintln Eq Err f32 f64 Fn FnMut
        FnOnce format From Hash HashMap i8 i16 i32 i64 i128 Into IntoIterator isize Iterator matches None Ok Option Ord
        panic PartialEq PartialOrd println ref Result Self Some str String todo ToString u8 u16 u32 u64 u128 unreachable
        usize Vec vec write writeln derive
        """),
    "java": named("""
        ArithmeticException Boolean Character Double Exception Float IllegalArgumentException IllegalStateException
        Integer Iterable Long Math NullPointerException Object Override record Record Runnable RuntimeException String
        StringBuilder System Thread Throwable UnsupportedOperationException
        """),
    "ruby": named("""
        ArgumentError Array attr_accessor attr_reader attr_writer begin block_given Comparable each Enumerable Float
        Hash Integer Kernel lambda loop module nil p print private proc puts raise require StandardError String Struct
        Symbol then Time
        """),
    "c": named("""
        calloc EOF errno fclose fgets FILE fopen fprintf fread free fwrite int8_t int16_t int32_t int64_t malloc memcmp
        memcpy memmove memset NULL printf ptrdiff_t realloc size_t snprintf sprintf ssize_t strchr strcmp strcpy strdup
        strlen strncmp strncpy strtol uint8_t uint16_t uint32_t uint64_t uintptr_t union
        """),
}
BUILT_IN["cpp"] = BUILT_IN["c"] | named("constexpr cout endl friend noexcept nullptr operator std template")

EVERYWHERE = frozenset().union(*BUILT_IN.values())
"""For a language that is not named here."""
