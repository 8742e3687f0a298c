import { type CommandResult, refusalError } from '@balsa/kv'
import { BalsaError } from '@balsa/raft'

/** The result, if it is what was asked for. Throws BalsaError: the refusal of the state machine; OUTCOME_UNKNOWN (unknown) when it is something else. */
export function fitting<Type extends CommandResult['type']>(
  result: CommandResult,
  type: Type,
): Extract<CommandResult, { readonly type: Type }> {
  if (result.type === 'refused') throw refusalError(result.code)
  if (result.type !== type) throw new BalsaError('OUTCOME_UNKNOWN', `the store answered with ${result.type}, which does not fit`)
  return result as Extract<CommandResult, { readonly type: Type }>
}
