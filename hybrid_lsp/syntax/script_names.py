"""Undefined names of JavaScript, TypeScript, Go and Rust: words that are read somewhere and bound nowhere in the file.

Only a word in a place where it can be nothing but read counts as read; in any other place of an identifier it counts as
bound. So what is not known here hides a fault and never makes one up. Go and Rust find names in other files without
saying which: there only what the edit itself unbound is told.
"""

import re
import time
from typing import TYPE_CHECKING

from hybrid_lsp.syntax.trees import shared_ends, tree_of

if TYPE_CHECKING:
    from tree_sitter import Node, Tree

SCRIPTS = frozenset({"javascript", "javascriptreact", "typescript", "typescriptreact"})
JUDGED = SCRIPTS | {"go", "rust"}
_WORD = re.compile(r"[A-Za-z_$][\w$]*")
_MODULE = re.compile(r"^\s*(?:import|export)\b|\brequire\s*\(|\bmodule\.exports\b", re.MULTILINE)
_UNSOUND = re.compile(r"\bwith\s*\(|\beval\s*\(")
_MOST_WORDS = 200
_TIME_S = 0.25
_Places = dict[str, frozenset[str] | None]
"""The kind of the parent, and the fields of it in which a name is read; None: in each."""
_IN_SCRIPTS: _Places = {
    "arguments": None,
    "await_expression": None,
    "binary_expression": None,
    "call_expression": frozenset({"function"}),
    "expression_statement": None,
    "member_expression": frozenset({"object"}),
    "new_expression": frozenset({"constructor"}),
    "pair": frozenset({"value"}),
    "return_statement": None,
    "spread_element": None,
    "subscript_expression": frozenset({"object", "index"}),
    "template_substitution": None,
    "ternary_expression": None,
    "throw_statement": None,
    "unary_expression": None,
    "variable_declarator": frozenset({"value"}),
}
_READ_IN: dict[str, _Places] = {
    **dict.fromkeys(SCRIPTS, _IN_SCRIPTS),
    "go": {
        "argument_list": None,
        "binary_expression": None,
        "index_expression": None,
        "selector_expression": frozenset({"operand"}),
        "unary_expression": None,
    },
    "rust": {
        "arguments": None,
        "binary_expression": None,
        "field_expression": frozenset({"value"}),
        "index_expression": None,
        "let_declaration": frozenset({"value"}),
        "reference_expression": None,
        "return_expression": None,
    },
}
_NAMES = frozenset(
    {"identifier", "shorthand_field_identifier", "shorthand_property_identifier"}
    | {"shorthand_property_identifier_pattern", "type_identifier"}
)
_GLOBALS = frozenset(
    _WORD.findall("""
    $ AbortController AbortSignal AggregateError Array ArrayBuffer Atomics BigInt BigInt64Array BigUint64Array
    Blob Boolean Buffer Bun CustomEvent DOMException DOMParser DataView Date Deno Element Error EvalError Event
    EventEmitter EventTarget File FileReader FinalizationRegistry Float32Array Float64Array FormData Function
    HTMLElement Headers Image Infinity Int16Array Int32Array Int8Array IntersectionObserver Intl Iterator JSON
    JSX Map Math MessageChannel MutationObserver NaN Node NodeJS Number Object Promise Proxy RangeError React
    ReadableStream ReferenceError Reflect RegExp Request ResizeObserver Response Set SharedArrayBuffer String
    Symbol SyntaxError TextDecoder TextEncoder TransformStream TypeError URIError URL URLSearchParams
    Uint16Array Uint32Array Uint8Array Uint8ClampedArray WeakMap WeakRef WeakSet WebAssembly WebSocket Worker
    WritableStream XMLHttpRequest __dirname __filename addEventListener afterAll afterEach alert arguments atob
    beforeAll beforeEach btoa cancelAnimationFrame clearImmediate clearInterval clearTimeout confirm console
    crypto customElements decodeURI decodeURIComponent define describe document encodeURI encodeURIComponent
    escape eval expect exports fetch global globalThis history indexedDB isFinite isNaN it jQuery jest
    localStorage location module navigator parseFloat parseInt performance process prompt queueMicrotask
    removeEventListener requestAnimationFrame require screen self sessionStorage setImmediate setInterval
    setTimeout structuredClone suite test undefined unescape vi window

    AbstractRange AnalyserNode AsyncDisposableStack Attr BroadcastChannel Cache CacheStorage ChannelMergerNode
    ChannelSplitterNode CharacterData Client Clients Comment CountQueuingStrategy ByteLengthQueuingStrategy Credential
    Cypress DataTransfer DataTransferItem DataTransferItemList DelayNode DisposableStack Document DocumentFragment
    DocumentType ElementInternals EventSource FileList FileReaderSync GainNode Highlight History IdleDeadline
    IntersectionObserverEntry KeyframeEffect Location Lock LockManager MutationRecord NamedNodeMap NodeFilter
    NodeIterator NodeList Option OscillatorNode PannerNode Path2D PeriodicWave PublicKeyCredential RadioNodeList Range
    ResizeObserverEntry ResizeObserverSize ScriptProcessorNode Selection ShadowRoot SourceBuffer SourceBufferList
    StaticRange SubtleCrypto Temporal TimeRanges TreeWalker URLPattern VTTCue ValidityState VisualViewport browser
    caches cancelIdleCallback chrome cookieStore createImageBitmap crossOriginIsolated cy devicePixelRatio dispatchEvent
    getComputedStyle getSelection global google importScripts innerHeight innerWidth isSecureContext matchMedia
    navigation outerHeight outerWidth pageXOffset pageYOffset postMessage reportError requestIdleCallback resizeTo
    scheduler scrollBy scrollTo scrollX scrollY speechSynthesis visualViewport webkitURL
""")
)
_PLATFORM = re.compile(
    r"(?:Animation|Audio|CSS|Canvas|Clipboard|Crypto|DOM|Encoded|FileSystem|Font|GPU|Gamepad|Geolocation|HTML|IDB"
    r"|Image|MIDI|MathML|Media|Message|Navigat|Notification|Offscreen|Payment|Performance|Permission|Presentation"
    r"|Push|RTC|Readable|Remote|SVG|Screen|ServiceWorker|Shared|Speech|Storage|StyleSheet|Text|Touch|Transform"
    r"|Transition|Video|View|WakeLock|Web|Window|Work|Writable|XML|XPath|XR|XSLT)\w*"
    r"|[A-Z]\w*(?:Array|Element|Error|Event|Observer|Stream)"
)
"""What browsers call the thousand classes that stand ready there."""


def undefined_script(before: str, after: str, language: str) -> set[str]:
    """Return the names that are undefined after an edit and were not before it; none where that cannot be told."""
    if _UNSOUND.search(after) or (language in SCRIPTS and not _MODULE.search(after)):
        return set()
    head, tail = shared_ends(before, after)
    gone, come = (set(_WORD.findall(_changed(text, head, tail))) for text in (before, after))
    words = {word for word in gone | come if not _is_given(word)} if language in SCRIPTS else gone
    if len(words) > _MOST_WORDS:
        return set()
    found = {word for word, (read, bound) in _places(after, words, language).items() if read and not bound}
    if not found:
        return found
    old = _places(before, found, language)
    if language not in SCRIPTS:  # other files of the package define names too: only what was bound here is lost
        return {word for word in found if word in old and old[word][1] and not _is_in_a_string(word, after)}
    return {word for word in found if word in old and (old[word][1] or not old[word][0])}


def _is_given(word: str) -> bool:
    return word in _GLOBALS or _PLATFORM.fullmatch(word) is not None


def _is_in_a_string(word: str, text: str) -> bool:
    """Say whether a string has the word: what Go imports is named by the end of a path."""
    return re.search(rf'"[^"\n]*\b{re.escape(word)}\b[^"\n]*"', text) is not None


def _changed(text: str, head: int, tail: int) -> str:
    """Return the lines that differ."""
    end = text.find("\n", len(text) - tail)
    return text[text.rfind("\n", 0, head) + 1 : len(text) if end < 0 else end]


def _places(text: str, words: set[str], language: str) -> dict[str, tuple[int, int]]:
    """Return how often a file reads each of the words, and may bind it; nothing where it does not parse."""
    source = text.encode("utf-8", "replace")
    deadline = time.monotonic() + _TIME_S
    tree = tree_of(source, language, deadline=deadline)
    if tree is None or tree.root_node.has_error:
        return {}
    found = {}
    for word in words:
        if time.monotonic() > deadline:
            return {}
        found[word] = _counted(source, word, tree, _READ_IN[language])
    return found


def _counted(source: bytes, word: str, tree: "Tree", places: _Places) -> tuple[int, int]:
    pattern = rb"(?<![\w$])" + re.escape(word.encode()) + rb"(?![\w$])"
    read = bound = 0
    for match in re.finditer(pattern, source):
        node = tree.root_node.descendant_for_byte_range(match.start(), match.end())
        if node is None or node.type not in _NAMES or (node.start_byte, node.end_byte) != match.span():
            continue
        if _reads(node, places):
            read += 1
        else:
            bound += 1
    return read, bound


def _reads(node: "Node", places: _Places) -> bool:
    """Say whether a name can be nothing but read where it stands."""
    parent = node.parent
    if node.type == "shorthand_property_identifier":
        return True
    if node.type != "identifier" or parent is None or parent.type not in places:
        return False
    fields = places[parent.type]
    return fields is None or any(parent.child_by_field_name(name) == node for name in fields)
