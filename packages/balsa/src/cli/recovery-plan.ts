/** Which survivor of a lost quorum to keep, why, and what that costs. Decides only; changes nothing. */
import { asMemberId, BalsaError, type Configuration, type MemberId, type StoreSurvey } from '@balsa/raft'
import { formatId } from '@balsa/server'
import { printable } from './text.js'

/** A stopped member's data directory and what was found in it. */
export interface Survivor {
  /** As it was given on the command line. */
  readonly directory: string
  readonly survey: StoreSurvey
}

export type SurvivorRole = 'voter' | 'learner' | 'witness' | 'removed'

export interface RecoveryPlan {
  readonly clusterId: number
  readonly kept: Survivor
  /** Why that one. */
  readonly reason: string
  /** What the old cluster needed, and what of it is here. */
  readonly quorum: string
  /** What may be missing afterwards. */
  readonly loss: string
  /** Of the new cluster. */
  readonly configuration: Configuration
}

const idOf = ({ survey }: Survivor): MemberId => survey.identity.memberId

/** By its own log: nobody else can be asked. */
export function roleOf({ identity, configuration, holdsData }: StoreSurvey): SurvivorRole {
  const { memberId } = identity
  if (configuration.witnesses.includes(memberId)) return 'witness'
  if (configuration.voters.includes(memberId) || configuration.votersOutgoing.includes(memberId)) return holdsData ? 'voter' : 'witness'
  return configuration.learners.includes(memberId) ? 'learner' : 'removed'
}

/** A name for people, as the member's own log has it. */
export function nameOf(configuration: Configuration, id: MemberId): string {
  const name = configuration.members.find((member) => member.id === id)?.name ?? ''
  return name === '' ? formatId(id) : printable(name)
}

/** Raft's own order (paper, section 5.4.1): the later term of the newest entry, then the longer log. */
const compare = (a: StoreSurvey, b: StoreSurvey): number => a.lastTerm - b.lastTerm || a.lastIndex - b.lastIndex

const notRecoverable = (message: string, hint: string): BalsaError => new BalsaError('NOT_RECOVERABLE', message, { hint })

/**
 * `force`: also when a majority is there, and from a learner. Throws IDENTITY_MISMATCH (fatal) for directories that do not belong together,
 * NOT_RECOVERABLE (refused) when none of them can be kept, or none has to be.
 */
export function planRecovery(survivors: readonly Survivor[], force: boolean): RecoveryPlan {
  requireOneCluster(survivors)
  const kept = choose(survivors, force)
  const { configuration, identity } = kept.survey
  requireLostQuorum(survivors, configuration, force)
  const own = configuration.members.find(({ id }) => id === identity.memberId)
  const others = configuration.members.map(({ id }) => id).filter((id) => id !== identity.memberId)
  return {
    clusterId: identity.clusterId,
    kept,
    reason: reasonFor(kept, survivors),
    quorum: quorumText(survivors, configuration),
    loss: lossText(kept, survivors),
    configuration: {
      members: [own ?? { id: identity.memberId, address: '', clientAddress: '', name: '' }],
      voters: [identity.memberId],
      votersOutgoing: [],
      learners: [],
      joining: [],
      witnesses: [],
      // Whoever comes under one of these ids brings what the new cluster does not know.
      removed: [...new Set([...configuration.removed, ...others])].sort((a, b) => a - b).map(asMemberId),
    },
  }
}

function requireOneCluster(survivors: readonly Survivor[]): void {
  const [first, ...rest] = survivors
  for (const other of rest) {
    if (first === undefined) return
    const [a, b] = [first.survey.identity.clusterId, other.survey.identity.clusterId]
    if (a === b) continue
    throw new BalsaError(
      'IDENTITY_MISMATCH',
      `${first.directory} is of cluster ${formatId(a)}, ${other.directory} of cluster ${formatId(b)}`,
      { hint: 'Give the directories of one cluster only.' },
    )
  }
  for (const [at, survivor] of survivors.entries()) {
    const twin = survivors.slice(0, at).find((other) => idOf(other) === idOf(survivor))
    if (twin === undefined) continue
    throw new BalsaError(
      'IDENTITY_MISMATCH',
      `${twin.directory} and ${survivor.directory} are both of member ${formatId(idOf(survivor))}`,
      {
        hint: 'One of them is a copy: give only the one that the member used last.',
      },
    )
  }
}

function choose(survivors: readonly Survivor[], force: boolean): Survivor {
  const usable = survivors.filter(({ survey }) => roleOf(survey) === 'voter' || (force && roleOf(survey) === 'learner' && survey.holdsData))
  const [best] = usable.sort((a, b) => compare(b.survey, a.survey))
  if (best !== undefined) return best
  const roles = survivors.map(({ directory, survey }) => `${directory} is of a ${ROLE_NAMES[roleOf(survey)]}`).join(', ')
  if (survivors.some(({ survey }) => roleOf(survey) === 'learner')) {
    throw notRecoverable(
      `${roles}: a learner may be far behind what the voters acknowledged`,
      'Give the directory of a voter. If every voter is gone for good, --force keeps the learner.',
    )
  }
  throw notRecoverable(roles, 'A witness holds no data, and a removed member none that counts. Give the directory of a voter.')
}

const ROLE_NAMES = { voter: 'voter', learner: 'learner', witness: 'witness', removed: 'member that was removed' } as const

const majority = (voters: readonly MemberId[]): number => Math.floor(voters.length / 2) + 1
const present = (voters: readonly MemberId[], survivors: readonly Survivor[]): number =>
  voters.filter((id) => survivors.some((survivor) => idOf(survivor) === id)).length
const hasMajority = (voters: readonly MemberId[], survivors: readonly Survivor[]): boolean =>
  voters.length === 0 || present(voters, survivors) >= majority(voters)

function requireLostQuorum(survivors: readonly Survivor[], { voters, votersOutgoing }: Configuration, force: boolean): void {
  if (force || !hasMajority(voters, survivors) || !hasMajority(votersOutgoing, survivors)) return
  const alone = voters.length === 1 ? 'its only voter is' : `${present(voters, survivors)} of ${voters.length} voters are`
  throw notRecoverable(
    `nothing is lost: ${alone} here`,
    'Start them with balsad as they are: they are a majority. --force makes a new cluster of one of them all the same.',
  )
}

function quorumText(survivors: readonly Survivor[], configuration: Configuration): string {
  const { voters, votersOutgoing } = configuration
  const words = (ids: readonly MemberId[]): string =>
    `${ids.map((id) => `${nameOf(configuration, id)} (${formatId(id)})`).join(', ')}; ${majority(ids)} of them are needed, ${present(ids, survivors)} ${present(ids, survivors) === 1 ? 'is' : 'are'} here`
  const joint = votersOutgoing.length === 0 ? '' : ` It was in the middle of a change; before it: ${words(votersOutgoing)}.`
  return `voters ${words(voters)}.${joint}`
}

function reasonFor({ survey, directory }: Survivor, survivors: readonly Survivor[]): string {
  const sure =
    survey.snapshotIndex === 0
      ? ''
      : `; up to index ${survey.snapshotIndex}, where its snapshot ends, it is certain that the cluster committed it`
  const log = `its newest entry is of term ${survey.lastTerm} at index ${survey.lastIndex}${sure}`
  if (survivors.length === 1) return log
  const data = survivors.filter((other) => other.directory !== directory && other.survey.holdsData)
  const equals = data.some((other) => compare(other.survey, survey) === 0)
  return `${equals ? 'no other log goes further' : 'its log goes furthest'}: ${log}`
}

function lossText({ survey, directory }: Survivor, survivors: readonly Survivor[]): string {
  const { configuration, lastIndex, lastTerm } = survey
  const { voters, votersOutgoing } = configuration
  const further = survivors.filter((other) => other.directory !== directory && compare(other.survey, survey) > 0)
  const known = further.map(
    (other) =>
      `${other.directory} (${roleOf(other.survey)}) has seen term ${other.survey.lastTerm}, index ${other.survey.lastIndex}: what lies between is lost.`,
  )
  // Whoever acknowledges stands in every majority: with so few missing, one of these has each acknowledged write, and so has the furthest log.
  const covered = votersOutgoing.length === 0 && further.length === 0 && voters.length - present(voters, survivors) < majority(voters)
  if (covered) return 'no acknowledged write: the missing voters alone are no majority.'
  const gone = voters.filter((id) => !survivors.some((survivor) => idOf(survivor) === id)).map((id) => nameOf(configuration, id))
  return [
    `writes that were acknowledged behind term ${lastTerm}, index ${lastIndex}, by members that are not here (${gone.join(', ')}).`,
    ...known,
  ].join(' ')
}
