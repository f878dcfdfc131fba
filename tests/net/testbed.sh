# shellcheck shell=sh disable=SC2034,SC3043
# Servers for tests/net/*.t, on loopback. Source it after lib.sh:
#
#     . "${0%/*}/../lib.sh"
#     . "$TOP/tests/net/testbed.sh"
#     testbed_start                                  # certificates, two users, Dovecot
#     mailbox_generate ann INBOX 100
#     curl --cacert "$CA" -u ann@example.test:secret "imaps://localhost:$IMAPS/INBOX"
#
# $CA is what clients trust; $IMAP (STARTTLS) $IMAPS $POP3 $POP3S $LMTP are ports on 127.0.0.1, and localhost is in the
# certificate. Users: ann@example.test with password "secret", bob@example.test with "second"; PLAIN, LOGIN, SCRAM.
# Run as root, Dovecot and the mail belong to nobody; otherwise to the caller. What a function here starts ends with the
# test, even if that is killed; so call them plainly, never in $(…) or ( … ).
#
#     TB_CERT_DAYS                         how long the good one lasts (90), set before testbed_start
#     dovecot_start [good|expired|wrong]   with that certificate; dovecot_stop; dovecot_restart [CERT]
#     doveadm_run ARGS…                    doveadm of this server; $TB/log/dovecot.log is its log
#     mailbox_make USER MAILBOX            MAILBOX as IMAP names it, levels parted by "."
#     mailbox_add USER MAILBOX FILE…       delivers copies, as new mail
#     mailbox_generate USER MAILBOX COUNT [SEED [FIRST]]   made-up messages FIRST (1) and on; the same seed, the same bytes
#     imap_digests USER [MAILBOX…]         "MAILBOX UID SHA256 SIZE" as BODY.PEEK[] gives them (through $IMAPS)
#     proxy_start TARGET_PORT [OPTION…]    sets $PROXY, a port; options: tests/net/proxy.py -h. proxy_stop
#     postfix_start                        a private Postfix behind Dovecot (after testbed_start; skips the test unless root):
#                                          $SMTP (STARTTLS, login), $SMTPS; takes mail for example.test and gives it to Dovecot by
#                                          LMTP; refused@ is refused at RCPT, later@ for now, and any unknown user bounces
#                                          POSTFIX_EXTRA: further lines of main.cf
#     postfix_stop                         $TB/pf/log/mail.log is its log
#     fake_smtp_start [OPTION…]            sets $FAKE_SMTP, a port; tests/net/fake-smtp.py -h; $T/smtp.log and $T/smtp.json are its
#                                          log and state. fake_smtp_stop
#     fake_imap_start TRANSCRIPT [OPTION…] sets $FAKE, a port; tests/net/fake-imap.py -h. fake_imap_stop
#     port_free N                          prints N free ports

# shellcheck disable=SC2153
TB=$T/tb
CA=$TB/ca.pem
if [ "$(id -u)" -eq 0 ]; then
	TB_USER=nobody TB_GROUP=nogroup
	TB_DROP="--reuid=nobody --regid=nogroup --clear-groups"
else
	TB_USER=$(id -un) TB_GROUP=$(id -gn)
	TB_DROP=
fi
dovecot_pid=
proxy_pid=
fake_imap_pid=
fake_smtp_pid=
postfix_pid=

# end_group PID: kills a server that was started with setsid, and all its children.
end_group() {
	if [ -z "$1" ]; then return; fi
	kill -s KILL -- "-$1" 2>/dev/null
	wait "$1" 2>/dev/null
	return 0
}

port_free() { "$TOP/tests/net/port.py" free "$1"; }

testbed_certs() {
	mkdir -p "$TB"
	(
		cd "$TB" || exit 1
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days "${TB_CERT_DAYS:-90}" -subj /CN=test-ca \
			-addext basicConstraints=critical,CA:TRUE -keyout ca.key -out ca.pem
		sign() {
			openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -keyout "$1.key" -out "$1.csr"
			echo "subjectAltName=$3" >"$1.ext"
			openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days "$2" -extfile "$1.ext" -out "$1.pem"
		}
		sign good "${TB_CERT_DAYS:-90}" DNS:localhost,IP:127.0.0.1
		sign expired -1 DNS:localhost,IP:127.0.0.1
		sign wrong 2 DNS:elsewhere.example
		chmod 644 ./*.key
	) >"$TB/certs.log" 2>&1 || {
		diag "$(tail -n 5 "$TB/certs.log")"
		return 1
	}
}

# testbed_start [CERT]: all that most tests need. The test ends here if the server does not come up.
testbed_start() {
	need dovecot openssl setpriv setsid python3
	if ! testbed_certs || ! dovecot_start "${1:-good}"; then
		fail "the test server comes up"
		done_testing
	fi
}

dovecot_configure() {
	local cert="$1"
	mkdir -p "$TB/run" "$TB/mail" "$TB/log"
	printf '%s\n' 'ann@example.test:{PLAIN}secret' 'bob@example.test:{PLAIN}second' >"$TB/users"
	cat >"$TB/dovecot.conf" <<-CONF
		base_dir=$TB/run
		state_dir=$TB/run
		log_path=$TB/log/dovecot.log
		protocols=imap pop3 lmtp
		listen=127.0.0.1
		default_login_user=$TB_USER
		default_internal_user=$TB_USER
		default_internal_group=$TB_GROUP
		first_valid_uid=0
		mail_location=maildir:$TB/mail/%n
		mail_fsync=never
		mail_max_userip_connections=100
		ssl=required
		ssl_cert=<$TB/$cert.pem
		ssl_key=<$TB/$cert.key
		auth_mechanisms=plain login scram-sha-1 scram-sha-256
		auth_failure_delay=0
		passdb {
		  driver=passwd-file
		  args=$TB/users
		}
		userdb {
		  driver=static
		  args=uid=$TB_USER gid=$TB_GROUP home=$TB/mail/%n
		}
		service imap-login {
		  chroot=
		  inet_listener imap {
		    port=$IMAP
		  }
		  inet_listener imaps {
		    port=$IMAPS
		    ssl=yes
		  }
		}
		service pop3-login {
		  chroot=
		  inet_listener pop3 {
		    port=$POP3
		  }
		  inet_listener pop3s {
		    port=$POP3S
		    ssl=yes
		  }
		}
		service lmtp {
		  inet_listener lmtp {
		    port=$LMTP
		  }
		}
		service auth {
		  inet_listener sasl {
		    port=$SASL
		  }
		}
		service anvil {
		  chroot=
		  unix_listener anvil-auth-penalty {
		    mode=0
		  }
		}
		service stats {
		  chroot=
		}
		protocol lmtp {
		  postmaster_address=postmaster@example.test
		}
	CONF
	chown -R "$TB_USER:$TB_GROUP" "$TB/run" "$TB/mail" "$TB/log"
}

# Keeps its ports over a restart; takes others where somebody else was faster.
dovecot_start() {
	local try
	for try in 1 2 3; do
		if [ -z "${IMAPS:-}" ] || [ "$try" -gt 1 ]; then
			# shellcheck disable=SC2046
			set -- "${1:-good}" $(port_free 6)
			IMAP=$2 IMAPS=$3 POP3=$4 POP3S=$5 LMTP=$6 SASL=$7
		fi
		dovecot_configure "${1:-good}"
		# shellcheck disable=SC2086
		setsid setpriv $TB_DROP --pdeathsig KILL dovecot -F -c "$TB/dovecot.conf" >>"$TB/start.log" 2>&1 </dev/null &
		dovecot_pid=$!
		if "$TOP/tests/net/port.py" wait 10 "$dovecot_pid" "$IMAP" "$IMAPS" "$POP3" "$POP3S" "$LMTP"; then return 0; fi
		dovecot_stop
	done
	diag "$(tail -n 5 "$TB/start.log" "$TB/log/dovecot.log" 2>&1)"
	return 1
}

dovecot_stop() {
	end_group "$dovecot_pid"
	dovecot_pid=
	rm -f "$TB/run/master.pid"
}

dovecot_restart() {
	dovecot_stop
	dovecot_start "$@"
}

doveadm_run() {
	# shellcheck disable=SC2086
	setpriv $TB_DROP doveadm -c "$TB/dovecot.conf" "$@"
}

mailbox_folder() {
	case $2 in
	INBOX) echo "$TB/mail/$1" ;;
	*) echo "$TB/mail/$1/.$2" ;;
	esac
}

mailbox_make() {
	local folder
	folder=$(mailbox_folder "$1" "$2")
	mkdir -p "$folder/cur" "$folder/new" "$folder/tmp"
	if [ "$2" != INBOX ]; then : >"$folder/maildirfolder"; fi
	chown "$TB_USER:$TB_GROUP" "$TB/mail/$1" "$folder" "$folder/cur" "$folder/new" "$folder/tmp"
}

mailbox_add() {
	local folder
	folder=$(mailbox_folder "$1" "$2")
	mailbox_make "$1" "$2"
	shift 2
	"$TOP/tests/net/make-mail.py" --owner "$TB_USER:$TB_GROUP" --copy "$folder" "$@"
}

mailbox_generate() {
	mailbox_make "$1" "$2"
	"$TOP/tests/net/make-mail.py" --owner "$TB_USER:$TB_GROUP" --count "$3" --seed "${4:-$2}" --first "${5:-1}" \
		"$(mailbox_folder "$1" "$2")"
}

imap_digests() {
	local user="$1" password=secret
	shift
	if [ "$user" = bob ]; then password=second; fi
	"$TOP/tests/net/imap-digests.py" --ca "$CA" --port "$IMAPS" --user "$user@example.test" --password "$password" "$@"
}

# started_port FILE PID: the port that a server wrote to FILE, once it listens.
started_port() {
	if ! wait_for 10 test -s "$1"; then return 1; fi
	cat "$1"
}

proxy_start() {
	local target="$1"
	shift
	proxy_stop
	rm -f "$T/.proxy-port"
	setsid "$TOP/tests/net/proxy.py" --port-file "$T/.proxy-port" "$@" "$target" >>"$T/proxy.log" 2>&1 </dev/null &
	proxy_pid=$!
	PROXY=$(started_port "$T/.proxy-port")
}

# Ends with TERM first, so that the count file is written.
proxy_stop() {
	if [ -z "$proxy_pid" ]; then return; fi
	kill -TERM "$proxy_pid" 2>/dev/null
	wait "$proxy_pid" 2>/dev/null
	proxy_pid=
}

fake_imap_start() {
	fake_imap_stop
	rm -f "$T/.fake-port"
	setsid "$TOP/tests/net/fake-imap.py" --port-file "$T/.fake-port" --log "$T/fake.log" "$@" >>"$T/fake.err" 2>&1 </dev/null &
	fake_imap_pid=$!
	FAKE=$(started_port "$T/.fake-port")
}

fake_imap_stop() {
	end_group "$fake_imap_pid"
	fake_imap_pid=
}

fake_smtp_start() {
	fake_smtp_stop
	rm -f "$T/.smtp-port"
	setsid "$TOP/tests/net/fake-smtp.py" --port-file "$T/.smtp-port" --log "$T/smtp.log" --state "$T/smtp.json" "$@" \
		>>"$T/smtp.err" 2>&1 </dev/null &
	fake_smtp_pid=$!
	FAKE_SMTP=$(started_port "$T/.smtp-port")
}

fake_smtp_stop() {
	end_group "$fake_smtp_pid"
	fake_smtp_pid=
}

postfix_configure() {
	mkdir -p "$TB/pf/conf" "$TB/pf/queue" "$TB/pf/data" "$TB/pf/log"
	chown postfix "$TB/pf/data"
	# A setting that stands twice is a warning of every process, and those stop up postlogd: the last one counts.
	awk -F= '{ if (!($1 in line)) name[++n] = $1; line[$1] = $0 } END { for (i = 1; i <= n; i++) print line[name[i]] }' \
		>"$TB/pf/conf/main.cf" <<-CONF
		compatibility_level=3.6
		queue_directory=$TB/pf/queue
		data_directory=$TB/pf/data
		command_directory=/usr/sbin
		daemon_directory=/usr/lib/postfix/sbin
		maillog_file=$TB/pf/log/mail.log
		maillog_file_prefixes=$TB/pf/log
		myhostname=mx.example.test
		mydestination=
		mynetworks=
		inet_interfaces=127.0.0.1
		inet_protocols=ipv4
		alias_maps=
		alias_database=
		virtual_mailbox_domains=example.test
		virtual_transport=lmtp:inet:127.0.0.1:$LMTP
		smtp_dns_support_level=disabled
		smtp_host_lookup=native
		smtpd_tls_security_level=may
		smtpd_tls_auth_only=yes
		smtpd_tls_chain_files=$TB/good.key,$TB/good.pem
		smtpd_sasl_auth_enable=yes
		smtpd_sasl_type=dovecot
		smtpd_sasl_path=inet:127.0.0.1:$SASL
		smtpd_relay_restrictions=permit_sasl_authenticated,reject
		smtpd_recipient_restrictions=check_recipient_access inline:{ {refused@example.test=550 5.1.1 no such user}, {later@example.test=450 4.2.0 try later} }, permit_sasl_authenticated, reject
		smtpd_error_sleep_time=0
		smtpd_client_connection_rate_limit=0
		in_flow_delay=0
		queue_run_delay=2s
		minimal_backoff_time=2s
		${POSTFIX_EXTRA:-}
	CONF
	cat >"$TB/pf/conf/master.cf" <<-CONF
		127.0.0.1:$SMTP inet n - n - - smtpd
		127.0.0.1:$SMTPS inet n - n - - smtpd
		  -o smtpd_tls_wrappermode=yes
		pickup unix n - n 60 1 pickup
		cleanup unix n - n - 0 cleanup
		qmgr unix n - n 300 1 qmgr
		tlsmgr unix - - n 1000? 1 tlsmgr
		rewrite unix - - n - - trivial-rewrite
		bounce unix - - n - 0 bounce
		defer unix - - n - 0 bounce
		trace unix - - n - 0 bounce
		verify unix - - n - 1 verify
		flush unix n - n 1000? 0 flush
		proxymap unix - - n - - proxymap
		smtp unix - - n - - smtp
		relay unix - - n - - smtp
		showq unix n - n - - showq
		error unix - - n - - error
		retry unix - - n - - error
		discard unix - - n - - discard
		virtual unix - n n - - virtual
		lmtp unix - - n - - lmtp
		anvil unix - - n - 1 anvil
		scache unix - - n - 1 scache
		postlog unix-dgram n - n - 1 postlogd
	CONF
}

postfix_start() {
	local try
	need_root
	need postfix setsid
	for try in 1 2 3; do
		# shellcheck disable=SC2046
		set -- $(port_free 2)
		SMTP=$1 SMTPS=$2
		postfix_configure
		postfix -c "$TB/pf/conf" check >>"$TB/start.log" 2>&1
		setsid /usr/lib/postfix/sbin/master -c "$TB/pf/conf" -d >>"$TB/start.log" 2>&1 </dev/null &
		postfix_pid=$!
		if "$TOP/tests/net/port.py" wait 10 "$postfix_pid" "$SMTP" "$SMTPS"; then return 0; fi
		postfix_stop
	done
	diag "$(tail -n 5 "$TB/start.log" "$TB/pf/log/mail.log" 2>&1)"
	return 1
}

postfix_stop() {
	end_group "$postfix_pid"
	postfix_pid=
}

testbed_stop() {
	postfix_stop
	fake_smtp_stop
	fake_imap_stop
	proxy_stop
	dovecot_stop
}
at_exit testbed_stop
