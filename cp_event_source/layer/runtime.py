"""What the functions can import beside the layer: their Python, what Lambda's runtime brings, and their own code."""

from typing import Final


def names(text: str) -> frozenset[str]:
    """The names in a text."""
    return frozenset(text.split())


RUNTIME: Final = "python3.14"
"""The functions' runtime in Lambda, as the component registers it."""
PYTHON: Final = (3, 14)
VERSION: Final = ".".join(str(number) for number in PYTHON)
MACHINE: Final = "aarch64"
"""The functions' processor, as files and platforms name it."""
PROCESSOR: Final = "arm64"
"""The functions' processor, as Lambda names it."""
GLIBC: Final = (2, 34)
"""The C library of Amazon Linux 2023, which the runtime is based on."""

# https://docs.aws.amazon.com/lambda/latest/dg/python-package.html: Lambda's path starts with /var/task, then has these
# two folders of the layers, and only then those of Python itself.
LAYER_ROOTS: Final = (f"lib/{RUNTIME}/site-packages/", "")
"""Folders of a layer's `python` folder that modules are imported from, in this order."""

# The same page: the runtime has boto3 and what boto3 depends on. Its interface client, awslambdaric, depends on the
# other two.
RUNTIME_PACKAGES: Final = names(
    "awslambdaric boto3 botocore dateutil jmespath s3transfer simplejson six snapshot_restore_py urllib3"
)
FUNCTIONS_PACKAGE: Final = "handler"
"""The functions' own code: first on their path."""

REMOVED: Final = dict.fromkeys(names("asynchat asyncore distutils imp smtpd"), "3.12") | dict.fromkeys(
    names(
        "aifc audioop cgi cgitb chunk crypt imghdr lib2to3 mailcap msilib nis nntplib ossaudiodev pipes sndhdr "
        "spwd sunau telnetlib tkinter.tix typing.io typing.re uu xdrlib"
    ),
    "3.13",
)
"""Modules that Python had until a version."""

OTHER_SYSTEMS: Final = dict.fromkeys(names("_overlapped _winapi _wmi msvcrt nt winreg winsound"), "Windows") | {
    "_scproxy": "macOS"
}
"""Modules of Python that only another system has."""

# `sys.builtin_module_names` differs by build. These are in every one; the others are the frozen modules.
FIRST: Final = names(
    "_abc _codecs _collections _collections_abc _functools _imp _io _locale _operator _signal _sitebuiltins _sre _stat "
    "_string _symtable _thread _tracemalloc _warnings _weakref abc atexit builtins codecs errno faulthandler gc "
    "genericpath io itertools marshal ntpath os posix posixpath pwd site stat sys time zipimport"
)
"""Modules of Python that come before any file on the path."""

STANDARD_LIBRARY: Final = names("""
    __future__ _abc _aix_support _android_support _apple_support _ast _ast_unparse _asyncio _bisect _blake2 _bz2
    _codecs _codecs_cn _codecs_hk _codecs_iso2022 _codecs_jp _codecs_kr _codecs_tw _collections _collections_abc
    _colorize _compat_pickle _contextvars _csv _ctypes _curses _curses_panel _datetime _dbm _decimal _elementtree
    _frozen_importlib _frozen_importlib_external _functools _gdbm _hashlib _heapq _hmac _imp _interpchannels
    _interpqueues _interpreters _io _ios_support _json _locale _lsprof _lzma _markupbase _md5 _multibytecodec
    _multiprocessing _opcode _opcode_metadata _operator _osx_support _pickle _posixshmem _posixsubprocess _py_abc
    _py_warnings _pydatetime _pydecimal _pyio _pylong _pyrepl _queue _random _remote_debugging _sha1 _sha2 _sha3
    _signal _sitebuiltins _socket _sqlite3 _sre _ssl _stat _statistics _string _strptime _struct _suggestions
    _symtable _sysconfig _thread _threading_local _tkinter _tokenize _tracemalloc _types _typing _uuid _warnings
    _weakref _weakrefset _zoneinfo _zstd abc annotationlib antigravity argparse array ast asyncio atexit base64 bdb
    binascii bisect builtins bz2 cProfile calendar cmath cmd code codecs codeop collections colorsys compileall
    compression concurrent configparser contextlib contextvars copy copyreg csv ctypes curses dataclasses datetime
    dbm decimal difflib dis doctest email encodings ensurepip enum errno faulthandler fcntl filecmp fileinput
    fnmatch fractions ftplib functools gc genericpath getopt getpass gettext glob graphlib grp gzip hashlib heapq
    hmac html http idlelib imaplib importlib inspect io ipaddress itertools json keyword linecache locale logging
    lzma mailbox marshal math mimetypes mmap modulefinder multiprocessing netrc ntpath nturl2path numbers opcode
    operator optparse os pathlib pdb pickle pickletools pkgutil platform plistlib poplib posix posixpath pprint
    profile pstats pty pwd py_compile pyclbr pydoc pydoc_data pyexpat queue quopri random re readline reprlib
    resource rlcompleter runpy sched secrets select selectors shelve shlex shutil signal site smtplib socket
    socketserver sqlite3 sre_compile sre_constants sre_parse ssl stat statistics string stringprep struct subprocess
    symtable sys sysconfig syslog tabnanny tarfile tempfile termios textwrap this threading time timeit tkinter
    token tokenize tomllib trace traceback tracemalloc tty turtle turtledemo types typing unicodedata unittest
    urllib uuid venv warnings wave weakref webbrowser wsgiref xml xmlrpc zipapp zipfile zipimport zlib zoneinfo
    """)
"""`sys.stdlib_module_names` of Python 3.14 on Linux."""

SUBMODULES: Final = names("""
    asyncio.base_events asyncio.base_futures asyncio.base_subprocess asyncio.base_tasks asyncio.constants
    asyncio.coroutines asyncio.events asyncio.exceptions asyncio.format_helpers asyncio.futures asyncio.graph
    asyncio.locks asyncio.log asyncio.mixins asyncio.proactor_events asyncio.protocols asyncio.queues
    asyncio.runners asyncio.selector_events asyncio.sslproto asyncio.staggered asyncio.streams asyncio.subprocess
    asyncio.taskgroups asyncio.tasks asyncio.threads asyncio.timeouts asyncio.tools asyncio.transports
    asyncio.trsock asyncio.unix_events asyncio.windows_events asyncio.windows_utils collections.abc compression.bz2
    compression.gzip compression.lzma compression.zlib compression.zstd concurrent.futures
    concurrent.futures.interpreter concurrent.futures.process concurrent.futures.thread concurrent.interpreters
    ctypes.macholib ctypes.util ctypes.wintypes curses.ascii curses.has_key curses.panel curses.textpad dbm.dumb
    dbm.gnu dbm.ndbm dbm.sqlite3 email.base64mime email.charset email.contentmanager email.encoders email.errors
    email.feedparser email.generator email.header email.headerregistry email.iterators email.message email.mime
    email.mime.application email.mime.audio email.mime.base email.mime.image email.mime.message email.mime.multipart
    email.mime.nonmultipart email.mime.text email.parser email.policy email.quoprimime email.utils html.entities
    html.parser http.client http.cookiejar http.cookies http.server importlib.abc importlib.machinery
    importlib.metadata importlib.metadata.diagnose importlib.readers importlib.resources importlib.resources.abc
    importlib.resources.readers importlib.resources.simple importlib.simple importlib.util json.decoder json.encoder
    json.scanner json.tool logging.config logging.handlers multiprocessing.connection multiprocessing.context
    multiprocessing.dummy multiprocessing.dummy.connection multiprocessing.forkserver multiprocessing.heap
    multiprocessing.managers multiprocessing.pool multiprocessing.popen_fork multiprocessing.popen_forkserver
    multiprocessing.popen_spawn_posix multiprocessing.popen_spawn_win32 multiprocessing.process
    multiprocessing.queues multiprocessing.reduction multiprocessing.resource_sharer
    multiprocessing.resource_tracker multiprocessing.shared_memory multiprocessing.sharedctypes
    multiprocessing.spawn multiprocessing.synchronize multiprocessing.util os.path pathlib.types sqlite3.dbapi2
    sqlite3.dump string.templatelib unittest.async_case unittest.case unittest.loader unittest.main unittest.mock
    unittest.result unittest.runner unittest.signals unittest.suite unittest.util urllib.error urllib.parse
    urllib.request urllib.response urllib.robotparser wsgiref.handlers wsgiref.headers wsgiref.simple_server
    wsgiref.types wsgiref.util wsgiref.validate xml.dom xml.dom.NodeFilter xml.dom.domreg xml.dom.expatbuilder
    xml.dom.minicompat xml.dom.minidom xml.dom.pulldom xml.dom.xmlbuilder xml.etree xml.etree.ElementInclude
    xml.etree.ElementPath xml.etree.ElementTree xml.etree.cElementTree xml.parsers xml.parsers.expat xml.sax
    xml.sax.expatreader xml.sax.handler xml.sax.saxutils xml.sax.xmlreader xmlrpc.client xmlrpc.server
    """)
"""The public submodules of the standard library of Python 3.14."""

WITH_ANY_SUBMODULE: Final = names("encodings ensurepip idlelib pydoc_data test tkinter turtledemo _pyrepl")
"""Packages of the standard library whose submodules are not in `SUBMODULES`: many, and of no use here."""
