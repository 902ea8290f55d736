// SPDX-License-Identifier: MIT
/* Every limit on input that others control, in one place. Each room has its section. */
#ifndef CONFIG_LIMITS_H
#define CONFIG_LIMITS_H

#define KIB 1024ULL
#define MIB (1024ULL * KIB)
#define GIB (1024ULL * MIB)

/* stats: what a container can fill */
#define STATS_NETS_MAX 64 /* interfaces told of */

/* ns */
#define SUBID_FILE_MAX_BYTES (4 * MIB) /* /etc/subuid, /etc/subgid, getsubids' output */
#define SUBID_RANGES_MAX     339 /* the kernel takes 340 lines in a map, one is the user's own */
#define MNT_INFO_MAX_BYTES   (64 * MIB)

/* rootless */
#define RK_API_BODY_MAX_BYTES	(64 * KIB)
#define RK_API_ANSWER_MAX_BYTES (16 * MIB)
/* http: heads and bodies of both sides */
#define HTTP_LINE_MAX	     (64 * KIB)	 /* one header line or the request line */
#define HTTP_HEAD_MAX	     (128 * KIB) /* a whole head, and the trailers of a chunked body */
#define HTTP_HEADERS_MAX     128	 /* header fields in one head */
#define HTTP_CHUNK_LINE_MAX  1024	 /* a chunk's size line with its extensions */
#define HTTP_QUERY_PAIRS_MAX 256	 /* pairs in one query string */
#define HTTP_DRAIN_MAX	     (256 * KIB) /* unread body dropped to keep a connection */
#define HTTP_READ_BYTES	     4000	 /* read-ahead buffer at first; grows to HTTP_HEAD_MAX */
#define HTTP_WRITE_BYTES     (16 * KIB)	 /* answer bytes kept back before they are sent */
#define HTTP_URL_MAX	     (64 * KIB)	 /* a URL */
#define HTTP_WS_FRAME_MAX    (16 * MIB)	 /* payload of one WebSocket frame; it is never kept */

/* tls: certificates are files of the user or bytes of a peer */
#define TLS_PEM_FILE_MAX (16 * MIB) /* a CA bundle */
#define TLS_CHAIN_MAX	 16	    /* certificates in our own chain */

/* json */
#define JSON_DEPTH_MAX	    64	       /* nested arrays and objects */
#define JSON_TEXT_MAX	    (64 * MIB) /* one document */
#define JSON_VALUES_MAX	    (1 << 20)  /* values in one document */
#define JSON_BIND_ITEMS_MAX 65536      /* structs in one list or map */
/* image: registries, manifests, archives of images */
#define REGISTRY_MANIFEST_MAX_BYTES  (4 * MIB)
#define REGISTRY_TOKEN_MAX_BYTES     (256 * KIB) /* answers of token servers and error bodies */
#define REGISTRY_REDIRECTS_MAX	     10
#define REGISTRY_CONNECT_MS	     15000
#define REGISTRY_IDLE_MS	     30000 /* without a byte of an answer */
#define REGISTRY_HANDSHAKE_MS	     10000 /* as Go's TLSHandshakeTimeout */
#define REGISTRY_HEADER_MS	     30000 /* for a whole answer's header */
#define REGISTRY_MIN_BYTES_SEC	     64	   /* slower than that over a minute is a stall */
#define REGISTRY_LAYER_MAX_BYTES     (256 * GIB)
#define REGISTRY_TAGS_MAX	     65536
#define REGISTRY_UPLOADS_MAX	     5 /* layers going up at a time, as Docker */
#define REGISTRY_UPLOAD_ATTEMPTS     5
#define REGISTRY_KEEP_MIN_BYTES	     ((int64_t)MIB) /* of larger layers what came is kept */
#define REGISTRY_KEEP_SEC	     (7 * 86400LL)  /* for so long */
#define REGISTRY_WAITS_MAX	     3		    /* answers 429 or 503 with Retry-After */
#define REGISTRY_WAIT_MAX_SEC	     60		    /* the longest Retry-After that is waited for */
#define REGISTRY_PROBES_MAX	     4 /* digests asked for, and mounts tried, of one layer */
#define REGISTRY_TAG_PAGES_MAX	     256
#define IMAGE_CONFIG_MAX_BYTES	     (4 * MIB)
#define IMAGE_LAYERS_MAX	     256
#define IMAGE_INDEX_ENTRIES_MAX	     4096
#define IMAGE_HISTORY_MAX	     4096
#define IMAGE_LOAD_MAX_BYTES	     (512 * GIB) /* spooled of one archive */
#define IMAGE_LOAD_ENTRIES_MAX	     65536
#define IMAGE_LOAD_JSON_MAX_BYTES    (4 * MIB)
#define IMAGE_REPOSITORIES_MAX_BYTES (64 * MIB)
#define IMAGE_CHANGE_MAX_BYTES	     (256 * KIB) /* of one expanded word of --change */
#define IMAGE_CHANGES_MAX_BYTES	     (1 * MIB)	 /* all --change together */
#define IMAGE_EXPOSED_MAX	     4096	 /* ports exposed, but for the last range */

/* archive: tar, compression, tar-split */
#define ARCHIVE_PATH_MAX	    4095	      /* bytes of a name or link target */
#define ARCHIVE_PAX_MAX		    (1 * MIB)	      /* bytes of one pax header */
#define ARCHIVE_XATTRS_MAX	    64		      /* extended attributes of one entry */
#define ARCHIVE_SPARSE_MAX	    65536	      /* data regions of one sparse file */
#define ARCHIVE_ENTRIES_MAX	    (4 * 1024 * 1024) /* entries of one archive */
#define ARCHIVE_FILE_MAX	    (1024 * GIB)      /* logical bytes of one file */
#define ARCHIVE_TOTAL_MAX	    (2048 * GIB)      /* bytes of one plain archive */
#define ARCHIVE_ZSTD_WINDOW_LOG_MAX 27		      /* 128 MiB, what `zstd --long` makes */
#define ARCHIVE_TARSPLIT_LINE_MAX   (8 * MIB)	      /* bytes of one journal line */

/* storage */
#define STORAGE_LAYERS_MAX	   128	      /* layers of one chain, Docker's limit for overlay2 */
#define STORAGE_META_MAX	   (1 * MIB)  /* bytes of a small file of layerdb or of a volume */
#define STORAGE_CONTAINER_FILE_MAX (16 * MIB) /* bytes of a config.v2.json that fsck reads */
#define STORAGE_DATABASE_MAX	   (64 * MIB) /* bytes of a database that Docker left */
#define STORAGE_VOLUME_NAME_MAX	   255
#define STORAGE_TREE_DEPTH_MAX \
	256 /* directories within directories when walking; bounds the stack */

/* oci, container, shim */
#define OCI_SPEC_MAX	       (16 * MIB) /* bytes of a config.json */
#define OCI_SECCOMP_MAX	       (1 * MIB)  /* bytes of a seccomp profile */
#define OCI_STRINGS_MAX	       65536	  /* arguments, variables */
#define OCI_MOUNTS_MAX	       4096
#define OCI_SYSCALLS_MAX       16384	 /* names in a seccomp profile */
#define CONTAINER_PASSWD_MAX   (4 * MIB) /* bytes of a container's /etc/passwd or /etc/group */
#define CONTAINER_COPYUP_DEPTH 256	 /* directories below each other when a volume is filled */
#define SHIM_CLIENTS_MAX       1024	 /* attached clients of one process */
#define SHIM_CONNS_MAX	       256	 /* engine connections of one shim */
#define SHIM_EXECS_MAX	       1024	 /* execs of one container, ended and unreported ones too */
#define SHIM_CLIENT_BUF_MAX    (256 * KIB) /* output kept for a client that does not read */
#define SHIM_STDIN_BUF_MAX     (64 * KIB)  /* input kept for a process that does not read */
/* client: what the CLI takes from its files and from an engine */
#define CLIENT_CONFIG_MAX_BYTES (1 * MIB)  /* config.json, a context's meta.json */
#define CLIENT_ERROR_MAX_BYTES	(1 * MIB)  /* body of an error */
#define CLIENT_ANSWER_MAX_BYTES (64 * MIB) /* body of any other answer kept whole */
#define CLIENT_LINE_MAX_BYTES	(16 * MIB) /* one line of a stream */

/* api */
#define API_BODY_MAX (16 * MIB) /* a JSON body */
/* connections at a time, a thread each; at most half the descriptors */
#define API_CONNS_MAX 1024
/* threads of a listener that wait for the next connection, and for how long */
#define API_SPARE_THREADS 4
#define API_SPARE_MS	  1000
#define API_HANDSHAKE_MS  10000 /* TLS handshake of a client */
#define API_DRAIN_MS	  2000	/* for requests under way when dockerd is upgraded */
/* engine */
#define ENGINE_STATE_FILE_MAX (16 * MIB) /* bytes of a config.v2.json */
#define ENGINE_LOG_LINE_MAX   (1 * MIB)	 /* bytes of one line of a json-file log */
#define ENGINE_EXECS_MAX      1000	 /* execs known of one container */
#define ENGINE_BINDS_MAX      4096	 /* mounts of one container */
#define ENGINE_ROUTES_MAX     (4 * MIB)	 /* bytes of /proc/net/route that are looked at */
#define ENGINE_NETWORKS_MAX   1024	 /* networks */
#define ENGINE_ENDPOINTS_MAX  64	 /* networks of one container */
#define ENGINE_PORTS_MAX      65536	 /* published ports of one container */
#define ENGINE_HEALTH_OUTPUT  4096	 /* bytes kept of a probe's output */
#define ENGINE_HEALTH_LOG     5		 /* probes remembered */

/* usernet: what N's containers and the host's clients may occupy */
#define USERNET_FLOWS_MAX	65536 /* all flows; less where descriptors are short */
#define USERNET_TCP_MAX		8192  /* one container's TCP connections */
#define USERNET_HELD_MAX	512   /* of them with a host connect under way */
#define USERNET_ANYIP_QUEUE_MAX 8192  /* SYNs seen and not yet looked at */
#define USERNET_ANYIP_PORTS_MAX 64    /* ports of one family that go it; N scans a rule each */
#define USERNET_UDP_MAX		4096  /* one container's UDP flows; the oldest gives way */
#define USERNET_PING_MAX	64    /* one container's ICMP echo sockets */
#define USERNET_FRESH_MAX	256   /* one container's new flows in a millisecond */
#define USERNET_USERS_IDLE	256   /* containers without a flow that are remembered */
#define USERNET_GATHER_ASKS	4 /* containers whose datagrams begin to be gathered, in a second */
#define USERNET_GATHER_SLOTS	64   /* addresses whose single datagrams are counted */
#define USERNET_DNS_MAX		2048 /* DNS questions being forwarded; the oldest gives way */
#define USERNET_DNS_ASKER_MAX	1024 /* of one container; further ones are dropped */
#define USERNET_DNS_BYTES_MAX	4096 /* a DNS question; answers up to 64 KiB */
#define USERNET_DNS_ADDRS_MAX	256  /* addresses answered for one name */
#define USERNET_DNS_STREAMS_MAX 256  /* TCP clients of the DNS server */
#define USERNET_DNS_STREAM_ASKS 16   /* questions of one of them under way; then it waits */
#define USERNET_DNS_STREAM_OUT	(128 * KIB) /* answers kept for a client that does not read */
#define USERNET_RESOLV_MAX	(64 * KIB)  /* bytes of resolv.conf */
#define USERNET_RESOLV_SERVERS	3	    /* nameservers used, as the resolver's MAXNS */
#define USERNET_RINGS_BYTES_MAX (128 * MIB) /* all connections' buffers together */
#define USERNET_RINGS_USER_MAX	(96 * MIB)  /* one container's share of them */
#define USERNET_RING_BYTES_MAX	(1 * MIB)   /* one direction of one connection */
#define USERNET_PORTS_MAX	16384	    /* published ports */
#define USERNET_RELAYS_MAX	73728 /* pairs of sockets joined: published ports, fast path */
#define USERNET_RELAY_UDP_MAX	4096  /* clients of published UDP ports */
#define USERNET_PIPES_MAX	128   /* pipes of 256 KiB held for splice(2) */
#define USERNET_FRAG_BUFFERS	64    /* datagrams being reassembled */
#define USERNET_FRAG_PER_SOURCE 8     /* of them from one address */
#define USERNET_FRAG_PARTS	64    /* fragments of one datagram */

/* feed: the engine's messages to usernet */
#define FEED_MESSAGE_MAX     (64 * KIB) /* one endpoint with all its names */
#define FEED_NAMES_MAX	     256	/* names, links or servers of one endpoint */
#define FEED_ENDPOINTS_MAX   65536
#define FEED_LISTENERS_MAX   64
#define FEED_CONNECTIONS_MAX 16
#define FEED_STATS_MAX	     256

/* slirp4netns: its API socket and the ports published there */
#define USERNET_API_CLIENTS_MAX 16   /* connections at a time */
#define USERNET_API_REQUEST_MAX 4096 /* bytes of a request: as many are too many */
#define USERNET_API_WAIT_MS	3000 /* for the rest of a request */
#define USERNET_HOSTFWD_MAX	1024 /* published ports */

/* nsenter, nsinspect: a file below /proc/PID */
#define NSENTER_FILE_MAX   (4 * MIB)
#define LOOK_ADDRESSES_MAX 64 /* of one container */

/* dial, inspect-socks: connections into the containers' network */
#define DIAL_CLIENTS_MAX   64	      /* of one listener */
#define DIAL_BUFFER_BYTES  (32 * KIB) /* that wait, each way */
#define DIAL_ADDRESSES_MAX 16	      /* of one container, tried in turn */
#define DIAL_REQUEST_MS	   10000      /* for a client to say where to */
#define DIAL_CONNECT_MS	   10000      /* for each address */
#define DIAL_DATAGRAM_MAX  65536      /* bytes; IPv4 has room for 65,507 */
#define DIAL_QUIET_MS	   1000	      /* after the end of input, for answers by datagrams */
#define DIAL_IDLE_MS	   120000     /* without a datagram a client of a listener is forgotten */

/* network: MAC addresses that a bridge learns from what containers send, besides their own */
#define NETNS_BRIDGE_MACS_MAX 4096

/* logs that go to syslog or journald */
#define LOG_BUFFER_DEFAULT (1 * MIB) /* messages of one container that wait for the service */
#define LOG_BUFFER_MAX	   (64 * MIB)
#define LOG_STALL_MS	   5000	 /* a container waits for a service that does not read */
#define LOG_CONNECT_MS	   5000	 /* for a service at the start */
#define LOG_RETRY_FIRST_MS 500	 /* to reach it again; doubled ... */
#define LOG_RETRY_LAST_MS  30000 /* ... up to this */
#define LOG_END_MS	   1000	 /* for what still waits when the container has ended */

/* regex: filters and log options of the user */
#define REGEX_PATTERN_MAX 4096
#define REGEX_STEPS_MAX	  8192 /* of the compiled pattern, 40 bytes each */
#define REGEX_REPEAT_MAX  1000 /* the numbers in {n,m} */
#define REGEX_DEPTH_MAX	  100  /* groups within groups */

#endif
