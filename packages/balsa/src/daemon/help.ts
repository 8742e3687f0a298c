import { describeFlags } from '@balsa/server'

const WIDTH = 44

/** What `balsad --help` prints. */
export function daemonHelp(): string {
  const flags = describeFlags().map(({ flag, help }) => {
    // A long flag gets a line of its own.
    const head = flag.length + 4 > WIDTH ? `  ${flag}\n${' '.repeat(WIDTH)}` : `  ${flag}`.padEnd(WIDTH)
    return `${head}${help}`
  })
  return `balsad: one member of a Balsa cluster

Usage: balsad [flags]

Flags (each also as an environment variable, BALSA_<NAME> with underscores; a flag wins over the environment;\netcd's flags and ETCD_<NAME> variables are read as well, and those that change nothing here are passed over):

${flags.join('\n')}
  --version
  --help

Examples:
  # A cluster of one, on loopback
  balsad --data-dir ./data

  # Three members on one machine; run each in a terminal of its own
  CLUSTER=n1=http://127.0.0.1:2380,n2=http://127.0.0.1:2480,n3=http://127.0.0.1:2580
  balsad --name n1 --listen-peer-urls http://127.0.0.1:2380 --listen-client-urls http://127.0.0.1:2379 --initial-cluster $CLUSTER
  balsad --name n2 --listen-peer-urls http://127.0.0.1:2480 --listen-client-urls http://127.0.0.1:2479 --initial-cluster $CLUSTER
  balsad --name n3 --listen-peer-urls http://127.0.0.1:2580 --listen-client-urls http://127.0.0.1:2579 --initial-cluster $CLUSTER
  balsactl --endpoints 127.0.0.1:2379,127.0.0.1:2479,127.0.0.1:2579 status

  # A fourth one joins them while they serve
  balsactl member add n4 http://127.0.0.1:2680
  balsad --name n4 --listen-peer-urls http://127.0.0.1:2680 --listen-client-urls http://127.0.0.1:2679 --join 127.0.0.1:2379

A restarted member needs its name, data directory and addresses only: the directory knows the cluster. A member that comes back under other
addresses tells the cluster by itself.

Signals: SIGTERM and SIGINT hand leadership over, answer what is under way and stop; a second one ends the process at once.
Exit codes: 0 stopped as asked, 1 fatal error (the line on standard error says which), 2 configuration.
`
}
