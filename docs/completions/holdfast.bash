#!/bin/bash

__holdfast_cursor_index_in_current_word() {
    local remaining="${COMP_LINE}"

    local word
    for word in "${COMP_WORDS[@]::COMP_CWORD}"; do
        remaining="${remaining##*([[:space:]])"${word}"*([[:space:]])}"
    done

    local -ir index="$((COMP_POINT - ${#COMP_LINE} + ${#remaining}))"
    if [[ "${index}" -le 0 ]]; then
        printf 0
    else
        printf %s "${index}"
    fi
}

# positional arguments:
#
# - 1: the current (sub)command's count of positional arguments
#
# required variables:
#
# - repeating_flags: the repeating flags that the current (sub)command can accept
# - non_repeating_flags: the non-repeating flags that the current (sub)command can accept
# - repeating_options: the repeating options that the current (sub)command can accept
# - non_repeating_options: the non-repeating options that the current (sub)command can accept
# - positional_number: value ignored
# - unparsed_words: unparsed words from the current command line
#
# modified variables:
#
# - non_repeating_flags: remove flags for this (sub)command that are already on the command line
# - non_repeating_options: remove options for this (sub)command that are already on the command line
# - positional_number: set to the current positional number
# - unparsed_words: remove all flags, options, and option values for this (sub)command
__holdfast_offer_flags_options() {
    local -ir positional_count="${1}"
    positional_number=0

    local was_flag_option_terminator_seen=false
    local is_parsing_option_value=false

    local -ar unparsed_word_indices=("${!unparsed_words[@]}")
    local -i word_index
    for word_index in "${unparsed_word_indices[@]}"; do
        if "${is_parsing_option_value}"; then
            # This word is an option value:
            # Reset marker for next word iff not currently the last word
            [[ "${word_index}" -ne "${unparsed_word_indices[${#unparsed_word_indices[@]} - 1]}" ]] && is_parsing_option_value=false
            unset "unparsed_words[${word_index}]"
            # Do not process this word as a flag or an option
            continue
        fi

        local word="${unparsed_words["${word_index}"]}"
        if ! "${was_flag_option_terminator_seen}"; then
            case "${word}" in
            --)
                unset "unparsed_words[${word_index}]"
                # by itself -- is a flag/option terminator, but if it is the last word, it is the start of a completion
                if [[ "${word_index}" -ne "${unparsed_word_indices[${#unparsed_word_indices[@]} - 1]}" ]]; then
                    was_flag_option_terminator_seen=true
                fi
                continue
                ;;
            -*)
                # ${word} is a flag or an option
                # If ${word} is an option, mark that the next word to be parsed is an option value
                local option
                for option in "${repeating_options[@]}" "${non_repeating_options[@]}"; do
                    [[ "${word}" = "${option}" ]] && is_parsing_option_value=true && break
                done

                # Remove ${word} from ${non_repeating_flags} or ${non_repeating_options} so it isn't offered again
                local not_found=true
                local -i index
                for index in "${!non_repeating_flags[@]}"; do
                    if [[ "${non_repeating_flags[${index}]}" = "${word}" ]]; then
                        unset "non_repeating_flags[${index}]"
                        non_repeating_flags=("${non_repeating_flags[@]}")
                        not_found=false
                        break
                    fi
                done
                if "${not_found}"; then
                    for index in "${!non_repeating_flags[@]}"; do
                        if [[ "${non_repeating_flags[${index}]}" = "${word}" ]]; then
                            unset "non_repeating_flags[${index}]"
                            non_repeating_flags=("${non_repeating_flags[@]}")
                            break
                        fi
                    done
                fi
                unset "unparsed_words[${word_index}]"
                continue
                ;;
            esac
        fi

        # ${word} is neither a flag, nor an option, nor an option value
        if [[ "${positional_number}" -lt "${positional_count}" || "${positional_count}" -lt 0 ]]; then
            # ${word} is a positional
            ((positional_number++))
            unset "unparsed_words[${word_index}]"
        else
            if [[ -z "${word}" ]]; then
                # Could be completing a flag, option, or subcommand
                positional_number=-1
            else
                # ${word} is a subcommand or invalid, so stop processing this (sub)command
                positional_number=-2
            fi
            break
        fi
    done

    unparsed_words=("${unparsed_words[@]}")

    if\
        ! "${was_flag_option_terminator_seen}"\
        && ! "${is_parsing_option_value}"\
        && [[ ("${cur}" = -* && "${positional_number}" -ge 0) || "${positional_number}" -eq -1 ]]
    then
        COMPREPLY+=($(compgen -W "${repeating_flags[*]} ${non_repeating_flags[*]} ${repeating_options[*]} ${non_repeating_options[*]}" -- "${cur}"))
    fi
}

__holdfast_add_completions() {
    local completion
    while IFS='' read -r completion; do
        COMPREPLY+=("${completion}")
    done < <(IFS=$'\n' compgen "${@}" -- "${cur}")
}

__holdfast_custom_complete() {
    if [[ -n "${cur}" || -z ${COMP_WORDS[${COMP_CWORD}]} || "${COMP_LINE:${COMP_POINT}:1}" != ' ' ]]; then
        local -ar words=("${COMP_WORDS[@]}")
    else
        local -ar words=("${COMP_WORDS[@]::${COMP_CWORD}}" '' "${COMP_WORDS[@]:${COMP_CWORD}}")
    fi

    "${COMP_WORDS[0]}" "${@}" "${words[@]}"
}

_holdfast() {
    local state
    state="$(shopt -p;shopt -po)"
    trap "${state//$'\n'/;}" RETURN
    shopt -s extglob
    set +o history +o posix

    local -xr SAP_SHELL=bash
    local -x SAP_SHELL_VERSION
    SAP_SHELL_VERSION="$(IFS='.';printf %s "${BASH_VERSINFO[*]}")"
    local -r SAP_SHELL_VERSION

    local -r cur="${2}"
    local -r prev="${3}"

    local -i positional_number
    local -a unparsed_words=("${COMP_WORDS[@]:1:${COMP_CWORD}}")

    local -a repeating_flags=()
    local -a non_repeating_flags=(--version -h --help)
    local -a repeating_options=()
    local -a non_repeating_options=()
    __holdfast_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    serve|worker|scan|run|report|submit|check|follow|schedule|list|history|show|events|errors|items|cancel|fail|retry|requeue|revert|pause|resume|reset|delete|why|cleanup|unlock|policy|migrate|token|user|tenant|audit|version|help)
        # Offer subcommand argument completions
        "_holdfast_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'serve worker scan run report submit check follow schedule list history show events errors items cancel fail retry requeue revert pause resume reset delete why cleanup unlock policy migrate token user tenant audit version help' -- "${cur}"))
        ;;
    esac
}

_holdfast_serve() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=(--host --port --slots --database --data-dir --config --log-level --log-format)
    __holdfast_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--host')
        return
        ;;
    '--port')
        return
        ;;
    '--slots')
        return
        ;;
    '--database')
        return
        ;;
    '--data-dir')
        __holdfast_add_completions -d
        return
        ;;
    '--config')
        __holdfast_add_completions -o plusdirs -fX '!*.@(yaml|yml)'
        return
        ;;
    '--log-level')
        __holdfast_add_completions -W 'trace'$'\n''debug'$'\n''info'$'\n''notice'$'\n''warning'$'\n''error'$'\n''critical'
        return
        ;;
    '--log-format')
        __holdfast_add_completions -W 'text'$'\n''json'
        return
        ;;
    esac
}

_holdfast_worker() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=(--name --slots --kinds --server --token-file --server-ca --database --data-dir --config --log-level --log-format)
    __holdfast_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--name')
        return
        ;;
    '--slots')
        return
        ;;
    '--kinds')
        return
        ;;
    '--server')
        return
        ;;
    '--token-file')
        __holdfast_add_completions -f
        return
        ;;
    '--server-ca')
        __holdfast_add_completions -f
        return
        ;;
    '--database')
        return
        ;;
    '--data-dir')
        __holdfast_add_completions -d
        return
        ;;
    '--config')
        __holdfast_add_completions -o plusdirs -fX '!*.@(yaml|yml)'
        return
        ;;
    '--log-level')
        __holdfast_add_completions -W 'trace'$'\n''debug'$'\n''info'$'\n''notice'$'\n''warning'$'\n''error'$'\n''critical'
        return
        ;;
    '--log-format')
        __holdfast_add_completions -W 'text'$'\n''json'
        return
        ;;
    esac
}

_holdfast_scan() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __holdfast_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    library|kind)
        # Offer subcommand argument completions
        "_holdfast_scan_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'library kind' -- "${cur}"))
        ;;
    esac
}

_holdfast_scan_library() {
    repeating_flags=()
    non_repeating_flags=(--follow-links --hash --allow-removal --detach --json --version -h --help)
    repeating_options=(--exclude)
    non_repeating_options=(--allowed-extensions --max-size --priority --idempotency-key --database --data-dir --config --log-level --log-format)
    __holdfast_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--allowed-extensions')
        return
        ;;
    '--max-size')
        return
        ;;
    '--exclude')
        return
        ;;
    '--priority')
        return
        ;;
    '--idempotency-key')
        return
        ;;
    '--database')
        return
        ;;
    '--data-dir')
        __holdfast_add_completions -d
        return
        ;;
    '--config')
        __holdfast_add_completions -o plusdirs -fX '!*.@(yaml|yml)'
        return
        ;;
    '--log-level')
        __holdfast_add_completions -W 'trace'$'\n''debug'$'\n''info'$'\n''notice'$'\n''warning'$'\n''error'$'\n''critical'
        return
        ;;
    '--log-format')
        __holdfast_add_completions -W 'text'$'\n''json'
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __holdfast_add_completions -d
        return
        ;;
    esac
}

_holdfast_scan_kind() {
    repeating_flags=()
    non_repeating_flags=(--detach --json --version -h --help)
    repeating_options=(--param)
    non_repeating_options=(--priority --idempotency-key --database --data-dir --config --log-level --log-format)
    __holdfast_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--param')
        return
        ;;
    '--priority')
        return
        ;;
    '--idempotency-key')
        return
        ;;
    '--database')
        return
        ;;
    '--data-dir')
        __holdfast_add_completions -d
        return
        ;;
    '--config')
        __holdfast_add_completions -o plusdirs -fX '!*.@(yaml|yml)'
        return
        ;;
    '--log-level')
        __holdfast_add_completions -W 'trace'$'\n''debug'$'\n''info'$'\n''notice'$'\n''warning'$'\n''error'$'\n''critical'
        return
        ;;
    '--log-format')
        __holdfast_add_completions -W 'text'$'\n''json'
        return
        ;;
    esac
}

_holdfast_run() {
    repeating_flags=()
    non_repeating_flags=(--resume --version -h --help)
    repeating_options=()
    non_repeating_options=(--name --timeout --kill-after --stall --no-output --database --data-dir --config --log-level --log-format)
    __holdfast_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--name')
        return
        ;;
    '--timeout')
        return
        ;;
    '--kill-after')
        return
        ;;
    '--stall')
        return
        ;;
    '--no-output')
        return
        ;;
    '--database')
        return
        ;;
    '--data-dir')
        __holdfast_add_completions -d
        return
        ;;
    '--config')
        __holdfast_add_completions -o plusdirs -fX '!*.@(yaml|yml)'
        return
        ;;
    '--log-level')
        __holdfast_add_completions -W 'trace'$'\n''debug'$'\n''info'$'\n''notice'$'\n''warning'$'\n''error'$'\n''critical'
        return
        ;;
    '--log-format')
        __holdfast_add_completions -W 'text'$'\n''json'
        return
        ;;
    esac
}

_holdfast_report() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __holdfast_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    progress|status|checkpoint|item|error|waiting|alive)
        # Offer subcommand argument completions
        "_holdfast_report_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'progress status checkpoint item error waiting alive' -- "${cur}"))
        ;;
    esac
}

_holdfast_report_progress() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=(--unit --step --current --message)
    __holdfast_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--unit')
        return
        ;;
    '--step')
        return
        ;;
    '--current')
        return
        ;;
    '--message')
        return
        ;;
    esac
}

_holdfast_report_status() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __holdfast_offer_flags_options 1
}

_holdfast_report_checkpoint() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __holdfast_offer_flags_options 1
}

_holdfast_report_item() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=(--type --data)
    __holdfast_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--type')
        return
        ;;
    '--data')
        return
        ;;
    esac
}

_holdfast_report_error() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __holdfast_offer_flags_options 3
}

_holdfast_report_waiting() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __holdfast_offer_flags_options 2
}

_holdfast_report_alive() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __holdfast_offer_flags_options 0
}

_holdfast_submit() {
    repeating_flags=()
    non_repeating_flags=(--if-safe --json --version -h --help)
    repeating_options=(--param)
    non_repeating_options=(--age-hours --priority --idempotency-key --database --data-dir --config)
    __holdfast_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--param')
        return
        ;;
    '--age-hours')
        return
        ;;
    '--priority')
        return
        ;;
    '--idempotency-key')
        return
        ;;
    '--database')
        return
        ;;
    '--data-dir')
        __holdfast_add_completions -d
        return
        ;;
    '--config')
        __holdfast_add_completions -o plusdirs -fX '!*.@(yaml|yml)'
        return
        ;;
    esac
}

_holdfast_check() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--age-hours --database --data-dir --config)
    __holdfast_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--age-hours')
        return
        ;;
    '--database')
        return
        ;;
    '--data-dir')
        __holdfast_add_completions -d
        return
        ;;
    '--config')
        __holdfast_add_completions -o plusdirs -fX '!*.@(yaml|yml)'
        return
        ;;
    esac
}

_holdfast_follow() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--database --data-dir --config --log-level --log-format)
    __holdfast_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--database')
        return
        ;;
    '--data-dir')
        __holdfast_add_completions -d
        return
        ;;
    '--config')
        __holdfast_add_completions -o plusdirs -fX '!*.@(yaml|yml)'
        return
        ;;
    '--log-level')
        __holdfast_add_completions -W 'trace'$'\n''debug'$'\n''info'$'\n''notice'$'\n''warning'$'\n''error'$'\n''critical'
        return
        ;;
    '--log-format')
        __holdfast_add_completions -W 'text'$'\n''json'
        return
        ;;
    esac
}

_holdfast_schedule() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __holdfast_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    add|list|remove|next)
        # Offer subcommand argument completions
        "_holdfast_schedule_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'add list remove next' -- "${cur}"))
        ;;
    esac
}

_holdfast_schedule_add() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=(--param)
    non_repeating_options=(--cron --zone --every --missed --priority --database --data-dir --config)
    __holdfast_offer_flags_options 3

    # Offer option value completions
    case "${prev}" in
    '--cron')
        return
        ;;
    '--zone')
        return
        ;;
    '--every')
        return
        ;;
    '--missed')
        __holdfast_add_completions -W 'skip'$'\n''once'
        return
        ;;
    '--param')
        return
        ;;
    '--priority')
        return
        ;;
    '--database')
        return
        ;;
    '--data-dir')
        __holdfast_add_completions -d
        return
        ;;
    '--config')
        __holdfast_add_completions -o plusdirs -fX '!*.@(yaml|yml)'
        return
        ;;
    esac
}

_holdfast_schedule_list() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--database --data-dir --config)
    __holdfast_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--database')
        return
        ;;
    '--data-dir')
        __holdfast_add_completions -d
        return
        ;;
    '--config')
        __holdfast_add_completions -o plusdirs -fX '!*.@(yaml|yml)'
        return
        ;;
    esac
}

_holdfast_schedule_remove() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--database --data-dir --config)
    __holdfast_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--database')
        return
        ;;
    '--data-dir')
        __holdfast_add_completions -d
        return
        ;;
    '--config')
        __holdfast_add_completions -o plusdirs -fX '!*.@(yaml|yml)'
        return
        ;;
    esac
}

_holdfast_schedule_next() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--count --database --data-dir --config)
    __holdfast_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--count')
        return
        ;;
    '--database')
        return
        ;;
    '--data-dir')
        __holdfast_add_completions -d
        return
        ;;
    '--config')
        __holdfast_add_completions -o plusdirs -fX '!*.@(yaml|yml)'
        return
        ;;
    esac
}

_holdfast_list() {
    repeating_flags=()
    non_repeating_flags=(--all --json --version -h --help)
    repeating_options=(--status)
    non_repeating_options=(--kind --target --limit --cursor --database --data-dir --config)
    __holdfast_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--status')
        __holdfast_add_completions -W 'pending'$'\n''running'$'\n''paused'$'\n''completed'$'\n''partial'$'\n''failed'$'\n''cancelled'
        return
        ;;
    '--kind')
        return
        ;;
    '--target')
        return
        ;;
    '--limit')
        return
        ;;
    '--cursor')
        return
        ;;
    '--database')
        return
        ;;
    '--data-dir')
        __holdfast_add_completions -d
        return
        ;;
    '--config')
        __holdfast_add_completions -o plusdirs -fX '!*.@(yaml|yml)'
        return
        ;;
    esac
}

_holdfast_history() {
    repeating_flags=()
    non_repeating_flags=(--cleaned --all --json --version -h --help)
    repeating_options=()
    non_repeating_options=(--kind --target --limit --cursor --database --data-dir --config)
    __holdfast_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--kind')
        return
        ;;
    '--target')
        return
        ;;
    '--limit')
        return
        ;;
    '--cursor')
        return
        ;;
    '--database')
        return
        ;;
    '--data-dir')
        __holdfast_add_completions -d
        return
        ;;
    '--config')
        __holdfast_add_completions -o plusdirs -fX '!*.@(yaml|yml)'
        return
        ;;
    esac
}

_holdfast_show() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--database --data-dir --config)
    __holdfast_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--database')
        return
        ;;
    '--data-dir')
        __holdfast_add_completions -d
        return
        ;;
    '--config')
        __holdfast_add_completions -o plusdirs -fX '!*.@(yaml|yml)'
        return
        ;;
    esac
}

_holdfast_events() {
    repeating_flags=()
    non_repeating_flags=(--all --json --version -h --help)
    repeating_options=()
    non_repeating_options=(--limit --cursor --database --data-dir --config)
    __holdfast_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--limit')
        return
        ;;
    '--cursor')
        return
        ;;
    '--database')
        return
        ;;
    '--data-dir')
        __holdfast_add_completions -d
        return
        ;;
    '--config')
        __holdfast_add_completions -o plusdirs -fX '!*.@(yaml|yml)'
        return
        ;;
    esac
}

_holdfast_errors() {
    repeating_flags=()
    non_repeating_flags=(--all --json --version -h --help)
    repeating_options=()
    non_repeating_options=(--limit --cursor --database --data-dir --config)
    __holdfast_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--limit')
        return
        ;;
    '--cursor')
        return
        ;;
    '--database')
        return
        ;;
    '--data-dir')
        __holdfast_add_completions -d
        return
        ;;
    '--config')
        __holdfast_add_completions -o plusdirs -fX '!*.@(yaml|yml)'
        return
        ;;
    esac
}

_holdfast_items() {
    repeating_flags=()
    non_repeating_flags=(--all --json --version -h --help)
    repeating_options=()
    non_repeating_options=(--change --limit --cursor --database --data-dir --config)
    __holdfast_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--change')
        __holdfast_add_completions -W 'added'$'\n''updated'$'\n''removed'$'\n''moved'$'\n''missing'$'\n''found'
        return
        ;;
    '--limit')
        return
        ;;
    '--cursor')
        return
        ;;
    '--database')
        return
        ;;
    '--data-dir')
        __holdfast_add_completions -d
        return
        ;;
    '--config')
        __holdfast_add_completions -o plusdirs -fX '!*.@(yaml|yml)'
        return
        ;;
    esac
}

_holdfast_cancel() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--reason --database --data-dir --config)
    __holdfast_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--reason')
        return
        ;;
    '--database')
        return
        ;;
    '--data-dir')
        __holdfast_add_completions -d
        return
        ;;
    '--config')
        __holdfast_add_completions -o plusdirs -fX '!*.@(yaml|yml)'
        return
        ;;
    esac
}

_holdfast_fail() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--reason --database --data-dir --config)
    __holdfast_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--reason')
        return
        ;;
    '--database')
        return
        ;;
    '--data-dir')
        __holdfast_add_completions -d
        return
        ;;
    '--config')
        __holdfast_add_completions -o plusdirs -fX '!*.@(yaml|yml)'
        return
        ;;
    esac
}

_holdfast_retry() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--reason --database --data-dir --config)
    __holdfast_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--reason')
        return
        ;;
    '--database')
        return
        ;;
    '--data-dir')
        __holdfast_add_completions -d
        return
        ;;
    '--config')
        __holdfast_add_completions -o plusdirs -fX '!*.@(yaml|yml)'
        return
        ;;
    esac
}

_holdfast_requeue() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--reason --database --data-dir --config)
    __holdfast_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--reason')
        return
        ;;
    '--database')
        return
        ;;
    '--data-dir')
        __holdfast_add_completions -d
        return
        ;;
    '--config')
        __holdfast_add_completions -o plusdirs -fX '!*.@(yaml|yml)'
        return
        ;;
    esac
}

_holdfast_revert() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--reason --database --data-dir --config)
    __holdfast_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--reason')
        return
        ;;
    '--database')
        return
        ;;
    '--data-dir')
        __holdfast_add_completions -d
        return
        ;;
    '--config')
        __holdfast_add_completions -o plusdirs -fX '!*.@(yaml|yml)'
        return
        ;;
    esac
}

_holdfast_pause() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--reason --database --data-dir --config)
    __holdfast_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--reason')
        return
        ;;
    '--database')
        return
        ;;
    '--data-dir')
        __holdfast_add_completions -d
        return
        ;;
    '--config')
        __holdfast_add_completions -o plusdirs -fX '!*.@(yaml|yml)'
        return
        ;;
    esac
}

_holdfast_resume() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--reason --database --data-dir --config)
    __holdfast_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--reason')
        return
        ;;
    '--database')
        return
        ;;
    '--data-dir')
        __holdfast_add_completions -d
        return
        ;;
    '--config')
        __holdfast_add_completions -o plusdirs -fX '!*.@(yaml|yml)'
        return
        ;;
    esac
}

_holdfast_reset() {
    repeating_flags=()
    non_repeating_flags=(--failed --dry-run --yes --json --version -h --help)
    repeating_options=()
    non_repeating_options=(--kind --database --data-dir --config)
    __holdfast_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--kind')
        return
        ;;
    '--database')
        return
        ;;
    '--data-dir')
        __holdfast_add_completions -d
        return
        ;;
    '--config')
        __holdfast_add_completions -o plusdirs -fX '!*.@(yaml|yml)'
        return
        ;;
    esac
}

_holdfast_delete() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--confirm --reason --database --data-dir --config)
    __holdfast_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--confirm')
        return
        ;;
    '--reason')
        return
        ;;
    '--database')
        return
        ;;
    '--data-dir')
        __holdfast_add_completions -d
        return
        ;;
    '--config')
        __holdfast_add_completions -o plusdirs -fX '!*.@(yaml|yml)'
        return
        ;;
    esac
}

_holdfast_why() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--wait --database --data-dir --config)
    __holdfast_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--wait')
        return
        ;;
    '--database')
        return
        ;;
    '--data-dir')
        __holdfast_add_completions -d
        return
        ;;
    '--config')
        __holdfast_add_completions -o plusdirs -fX '!*.@(yaml|yml)'
        return
        ;;
    esac
}

_holdfast_cleanup() {
    repeating_flags=()
    non_repeating_flags=(--dry-run --auto --json --version -h --help)
    repeating_options=()
    non_repeating_options=(--apply --kind --target --reason --age-hours --database --data-dir --config)
    __holdfast_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--apply')
        return
        ;;
    '--kind')
        return
        ;;
    '--target')
        return
        ;;
    '--reason')
        __holdfast_add_completions -W 'heartbeat_stale'$'\n''progress_stalled'$'\n''runtime_timeout'$'\n''pending_timeout'$'\n''worker_lost'$'\n''worker_restarted'$'\n''worker_drained'$'\n''runner_crashed'$'\n''orphaned_lock'$'\n''manual_intervention'
        return
        ;;
    '--age-hours')
        return
        ;;
    '--database')
        return
        ;;
    '--data-dir')
        __holdfast_add_completions -d
        return
        ;;
    '--config')
        __holdfast_add_completions -o plusdirs -fX '!*.@(yaml|yml)'
        return
        ;;
    esac
}

_holdfast_unlock() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--reason --database --data-dir --config)
    __holdfast_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--reason')
        return
        ;;
    '--database')
        return
        ;;
    '--data-dir')
        __holdfast_add_completions -d
        return
        ;;
    '--config')
        __holdfast_add_completions -o plusdirs -fX '!*.@(yaml|yml)'
        return
        ;;
    esac
}

_holdfast_policy() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __holdfast_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    show)
        # Offer subcommand argument completions
        "_holdfast_policy_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'show' -- "${cur}"))
        ;;
    esac
}

_holdfast_policy_show() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--config)
    __holdfast_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--config')
        __holdfast_add_completions -o plusdirs -fX '!*.@(yaml|yml)'
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __holdfast_add_completions -W 'library'$'\n''site'$'\n''portal'$'\n''dependencies'$'\n''command'
        return
        ;;
    esac
}

_holdfast_migrate() {
    repeating_flags=()
    non_repeating_flags=(--dry-run --json --version -h --help)
    repeating_options=()
    non_repeating_options=(--database --data-dir --config)
    __holdfast_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--database')
        return
        ;;
    '--data-dir')
        __holdfast_add_completions -d
        return
        ;;
    '--config')
        __holdfast_add_completions -o plusdirs -fX '!*.@(yaml|yml)'
        return
        ;;
    esac
}

_holdfast_token() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __holdfast_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    path|create|list|revoke|rotate)
        # Offer subcommand argument completions
        "_holdfast_token_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'path create list revoke rotate' -- "${cur}"))
        ;;
    esac
}

_holdfast_token_path() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=(--database --data-dir --config)
    __holdfast_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--database')
        return
        ;;
    '--data-dir')
        __holdfast_add_completions -d
        return
        ;;
    '--config')
        __holdfast_add_completions -o plusdirs -fX '!*.@(yaml|yml)'
        return
        ;;
    esac
}

_holdfast_token_create() {
    repeating_flags=()
    non_repeating_flags=(--all-tenants --json --version -h --help)
    repeating_options=()
    non_repeating_options=(--role --tenant --expires --database --data-dir --config)
    __holdfast_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--role')
        __holdfast_add_completions -W 'viewer'$'\n''operator'$'\n''admin'$'\n''worker'
        return
        ;;
    '--tenant')
        return
        ;;
    '--expires')
        return
        ;;
    '--database')
        return
        ;;
    '--data-dir')
        __holdfast_add_completions -d
        return
        ;;
    '--config')
        __holdfast_add_completions -o plusdirs -fX '!*.@(yaml|yml)'
        return
        ;;
    esac
}

_holdfast_token_list() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--database --data-dir --config)
    __holdfast_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--database')
        return
        ;;
    '--data-dir')
        __holdfast_add_completions -d
        return
        ;;
    '--config')
        __holdfast_add_completions -o plusdirs -fX '!*.@(yaml|yml)'
        return
        ;;
    esac
}

_holdfast_token_revoke() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--database --data-dir --config)
    __holdfast_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--database')
        return
        ;;
    '--data-dir')
        __holdfast_add_completions -d
        return
        ;;
    '--config')
        __holdfast_add_completions -o plusdirs -fX '!*.@(yaml|yml)'
        return
        ;;
    esac
}

_holdfast_token_rotate() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--database --data-dir --config)
    __holdfast_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--database')
        return
        ;;
    '--data-dir')
        __holdfast_add_completions -d
        return
        ;;
    '--config')
        __holdfast_add_completions -o plusdirs -fX '!*.@(yaml|yml)'
        return
        ;;
    esac
}

_holdfast_user() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __holdfast_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    add|list|role|password|remove)
        # Offer subcommand argument completions
        "_holdfast_user_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'add list role password remove' -- "${cur}"))
        ;;
    esac
}

_holdfast_user_add() {
    repeating_flags=()
    non_repeating_flags=(--all-tenants --json --version -h --help)
    repeating_options=()
    non_repeating_options=(--role --tenant --database --data-dir --config)
    __holdfast_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--role')
        __holdfast_add_completions -W 'viewer'$'\n''operator'$'\n''admin'
        return
        ;;
    '--tenant')
        return
        ;;
    '--database')
        return
        ;;
    '--data-dir')
        __holdfast_add_completions -d
        return
        ;;
    '--config')
        __holdfast_add_completions -o plusdirs -fX '!*.@(yaml|yml)'
        return
        ;;
    esac
}

_holdfast_user_list() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--database --data-dir --config)
    __holdfast_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--database')
        return
        ;;
    '--data-dir')
        __holdfast_add_completions -d
        return
        ;;
    '--config')
        __holdfast_add_completions -o plusdirs -fX '!*.@(yaml|yml)'
        return
        ;;
    esac
}

_holdfast_user_role() {
    repeating_flags=()
    non_repeating_flags=(--all-tenants --json --version -h --help)
    repeating_options=()
    non_repeating_options=(--tenant --database --data-dir --config)
    __holdfast_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--tenant')
        return
        ;;
    '--database')
        return
        ;;
    '--data-dir')
        __holdfast_add_completions -d
        return
        ;;
    '--config')
        __holdfast_add_completions -o plusdirs -fX '!*.@(yaml|yml)'
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    2)
        __holdfast_add_completions -W 'viewer'$'\n''operator'$'\n''admin'
        return
        ;;
    esac
}

_holdfast_user_password() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--database --data-dir --config)
    __holdfast_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--database')
        return
        ;;
    '--data-dir')
        __holdfast_add_completions -d
        return
        ;;
    '--config')
        __holdfast_add_completions -o plusdirs -fX '!*.@(yaml|yml)'
        return
        ;;
    esac
}

_holdfast_user_remove() {
    repeating_flags=()
    non_repeating_flags=(--all-tenants --json --version -h --help)
    repeating_options=()
    non_repeating_options=(--tenant --database --data-dir --config)
    __holdfast_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--tenant')
        return
        ;;
    '--database')
        return
        ;;
    '--data-dir')
        __holdfast_add_completions -d
        return
        ;;
    '--config')
        __holdfast_add_completions -o plusdirs -fX '!*.@(yaml|yml)'
        return
        ;;
    esac
}

_holdfast_tenant() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __holdfast_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    add|list)
        # Offer subcommand argument completions
        "_holdfast_tenant_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'add list' -- "${cur}"))
        ;;
    esac
}

_holdfast_tenant_add() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--database --data-dir --config)
    __holdfast_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--database')
        return
        ;;
    '--data-dir')
        __holdfast_add_completions -d
        return
        ;;
    '--config')
        __holdfast_add_completions -o plusdirs -fX '!*.@(yaml|yml)'
        return
        ;;
    esac
}

_holdfast_tenant_list() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=(--database --data-dir --config)
    __holdfast_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--database')
        return
        ;;
    '--data-dir')
        __holdfast_add_completions -d
        return
        ;;
    '--config')
        __holdfast_add_completions -o plusdirs -fX '!*.@(yaml|yml)'
        return
        ;;
    esac
}

_holdfast_audit() {
    repeating_flags=()
    non_repeating_flags=(--all --json --version -h --help)
    repeating_options=()
    non_repeating_options=(--actor --action --object --limit --cursor --database --data-dir --config)
    __holdfast_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--actor')
        return
        ;;
    '--action')
        return
        ;;
    '--object')
        return
        ;;
    '--limit')
        return
        ;;
    '--cursor')
        return
        ;;
    '--database')
        return
        ;;
    '--data-dir')
        __holdfast_add_completions -d
        return
        ;;
    '--config')
        __holdfast_add_completions -o plusdirs -fX '!*.@(yaml|yml)'
        return
        ;;
    esac
}

_holdfast_version() {
    repeating_flags=()
    non_repeating_flags=(--json --version -h --help)
    repeating_options=()
    non_repeating_options=()
    __holdfast_offer_flags_options 0
}

_holdfast_help() {
    repeating_flags=()
    non_repeating_flags=(--version)
    repeating_options=()
    non_repeating_options=()
    __holdfast_offer_flags_options -1
}

complete -o filenames -F _holdfast holdfast
