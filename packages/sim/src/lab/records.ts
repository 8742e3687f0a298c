/** Published figures of the course's tests: best time and fewest RPCs known of anybody, and the run to beat (R4). */
export interface LabRecord {
  readonly seconds: number
  readonly rpcs: number
  /** Seconds and RPCs of the reference run; null where it has none. */
  readonly reference: readonly [number, number] | null
}

const record = (seconds: number, rpcs: number, reference: readonly [number, number] | null = null): LabRecord => ({ seconds, rpcs, reference })

export const RECORDS: Readonly<Record<string, LabRecord>> = {
  InitialElection3A: record(3.0, 32, [3.0, 54]),
  ReElection3A: record(4.4, 68, [4.5, 131]),
  ManyElections3A: record(5.4, 426, [5.5, 474]),
  BasicAgree3B: record(0.3, 14, [0.7, 18]),
  RPCBytes3B: record(0.7, 48, [1.5, 50]),
  FollowerFailure3B: record(4.3, 58, [4.9, 127]),
  LeaderFailure3B: record(4.4, 110, [5.0, 221]),
  FailAgree3B: record(3.3, 61, [5.5, 124]),
  FailNoAgree3B: record(3.2, 107, [3.5, 218]),
  ConcurrentStarts3B: record(0.5, 12, [0.7, 22]),
  Rejoin3B: record(3.6, 120, [4.1, 167]),
  Backup3B: record(9.7, 1370, [17.1, 3716]),
  Count3B: record(2.0, 32, [2.1, 60]),
  Persist13C: record(2.7, 58, [4.0, 80]),
  Persist23C: record(12.3, 287, [12.5, 385]),
  Persist33C: record(1.2, 30, [1.8, 42]),
  Figure83C: record(27.9, 499, [32.9, 1304]),
  UnreliableAgree3C: record(1.3, 216, [3.6, 1419]),
  Figure8Unreliable3C: record(30.1, 3137, [30.1, 20544]),
  ReliableChurn3C: record(16.1, 684, [16.2, 9140]),
  UnreliableChurn3C: record(16.1, 660, [16.1, 3029]),
  SnapshotBasic3D: record(2.2, 138, [3.4, 516]),
  SnapshotInstall3D: record(32.4, 878, [38.7, 1673]),
  SnapshotInstallUnreliable3D: record(42.1, 1059, [42.5, 2014]),
  SnapshotInstallCrash3D: record(24.5, 601, [29.1, 1217]),
  SnapshotInstallUnCrash3D: record(27.8, 687, [31.5, 1562]),
  SnapshotAllCrash3D: record(4.2, 230, [9.8, 331]),
  SnapshotInit3D: record(1.5, 68, [2.9, 90]),
}
