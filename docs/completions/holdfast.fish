function __holdfast_should_offer_completions_for_flags_or_options -a expected_commands
    set -l non_repeating_flags_or_options $argv[2..]
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __holdfast_parse_tokens
    test "$commands" = "$expected_commands"; and return $non_repeating_flags_or_options_absent
end

function __holdfast_should_offer_completions_for_positional -a expected_commands positional_index_comparison expected_positional_index
    set -l non_repeating_flags_or_options
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __holdfast_parse_tokens
    test "$commands" = "$expected_commands" -a \( "$positional_index" "$positional_index_comparison" "$expected_positional_index" \)
end

function __holdfast_parse_tokens -S
    set -l unparsed_tokens (__holdfast_tokens -pc)
    switch $unparsed_tokens[1]
    case 'holdfast'
        __holdfast_parse_subcommand 0 'version' 'h/help'
        switch $unparsed_tokens[1]
        case 'serve'
            __holdfast_parse_subcommand 0 'host=' 'port=' 'slots=' 'database=' 'data-dir=' 'config=' 'log-level=' 'log-format=' 'version' 'h/help'
        case 'worker'
            __holdfast_parse_subcommand 0 'name=' 'slots=' 'kinds=' 'database=' 'data-dir=' 'config=' 'log-level=' 'log-format=' 'version' 'h/help'
        case 'scan'
            __holdfast_parse_subcommand 0 'version' 'h/help'
            switch $unparsed_tokens[1]
            case 'library'
                __holdfast_parse_subcommand 1 'allowed-extensions=' 'max-size=' 'follow-links' 'hash' 'exclude=+' 'allow-removal' 'detach' 'priority=' 'idempotency-key=' 'json' 'database=' 'data-dir=' 'config=' 'log-level=' 'log-format=' 'version' 'h/help'
            end
        case 'follow'
            __holdfast_parse_subcommand 1 'json' 'database=' 'data-dir=' 'config=' 'log-level=' 'log-format=' 'version' 'h/help'
        case 'list'
            __holdfast_parse_subcommand 0 'status=+' 'kind=' 'target=' 'limit=' 'all' 'cursor=' 'json' 'database=' 'data-dir=' 'config=' 'version' 'h/help'
        case 'show'
            __holdfast_parse_subcommand 1 'json' 'database=' 'data-dir=' 'config=' 'version' 'h/help'
        case 'events'
            __holdfast_parse_subcommand 1 'limit=' 'all' 'cursor=' 'json' 'database=' 'data-dir=' 'config=' 'version' 'h/help'
        case 'errors'
            __holdfast_parse_subcommand 1 'limit=' 'all' 'cursor=' 'json' 'database=' 'data-dir=' 'config=' 'version' 'h/help'
        case 'items'
            __holdfast_parse_subcommand 1 'change=' 'limit=' 'all' 'cursor=' 'json' 'database=' 'data-dir=' 'config=' 'version' 'h/help'
        case 'cancel'
            __holdfast_parse_subcommand -r 1 'reason=' 'json' 'database=' 'data-dir=' 'config=' 'version' 'h/help'
        case 'retry'
            __holdfast_parse_subcommand -r 1 'reason=' 'json' 'database=' 'data-dir=' 'config=' 'version' 'h/help'
        case 'pause'
            __holdfast_parse_subcommand -r 1 'reason=' 'json' 'database=' 'data-dir=' 'config=' 'version' 'h/help'
        case 'resume'
            __holdfast_parse_subcommand -r 1 'reason=' 'json' 'database=' 'data-dir=' 'config=' 'version' 'h/help'
        case 'cleanup'
            __holdfast_parse_subcommand 0 'dry-run' 'auto' 'apply=' 'kind=' 'target=' 'reason=' 'age-hours=' 'json' 'database=' 'data-dir=' 'config=' 'version' 'h/help'
        case 'check'
            __holdfast_parse_subcommand 2 'age-hours=' 'json' 'database=' 'data-dir=' 'config=' 'version' 'h/help'
        case 'unlock'
            __holdfast_parse_subcommand 1 'reason=' 'json' 'database=' 'data-dir=' 'config=' 'version' 'h/help'
        case 'policy'
            __holdfast_parse_subcommand 0 'version' 'h/help'
            switch $unparsed_tokens[1]
            case 'show'
                __holdfast_parse_subcommand 2 'json' 'config=' 'version' 'h/help'
            end
        case 'migrate'
            __holdfast_parse_subcommand 0 'dry-run' 'json' 'database=' 'data-dir=' 'config=' 'version' 'h/help'
        case 'token'
            __holdfast_parse_subcommand 0 'version' 'h/help'
            switch $unparsed_tokens[1]
            case 'path'
                __holdfast_parse_subcommand 0 'database=' 'data-dir=' 'config=' 'version' 'h/help'
            case 'rotate'
                __holdfast_parse_subcommand 0 'database=' 'data-dir=' 'config=' 'version' 'h/help'
            end
        case 'version'
            __holdfast_parse_subcommand 0 'json' 'version' 'h/help'
        case 'help'
            __holdfast_parse_subcommand -r 1 'version'
        end
    end
end

function __holdfast_tokens
    if test (string split -m 1 -f 1 -- . "$FISH_VERSION") -gt 3
        commandline --tokens-raw $argv
    else
        commandline -o $argv
    end
end

function __holdfast_parse_subcommand -S -a positional_count
    argparse -s r -- $argv
    set -l option_specs $argv[2..]
    set -l is_repeating_positional $_flag_r
    set -el _flag_r
    set -a commands $unparsed_tokens[1]
    set positional_index 0
    while true
        set -e unparsed_tokens[1]
        argparse -sn "$commands" $option_specs -- $unparsed_tokens 2> /dev/null
        set unparsed_tokens $argv
        set positional_index (math $positional_index + 1)
        for non_repeating_flag_or_option in $non_repeating_flags_or_options
            if set -ql "_flag_$(string replace -a - _ -- $non_repeating_flag_or_option)"
                set non_repeating_flags_or_options_absent 1
                break
            end
        end
        test (count $unparsed_tokens) -eq 0 -o \( -z "$is_repeating_positional" -a "$positional_index" -gt "$positional_count" \) && break
    end
end

function __holdfast_complete_directories
    set -l token (commandline -t)
    string match -- '*/' $token
    set -l subdirs $token*/
    printf %s\n $subdirs
end

function __holdfast_custom_completion
    set -x SAP_SHELL fish
    set -x SAP_SHELL_VERSION $FISH_VERSION
    set -l tokens (__holdfast_tokens -p)
    if test -z "$(__holdfast_tokens -t)"
        set -l index (count (__holdfast_tokens -pc))
        set tokens $tokens[..$index] \'\' $tokens[(math $index + 1)..]
    end
    command $tokens[1] $argv $tokens
end

complete -c 'holdfast' -f
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast" version' -l 'version' -d 'Show the version.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_positional "holdfast" -eq 1' -fa 'serve' -d 'Run the API, the pages and a worker in one process.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_positional "holdfast" -eq 1' -fa 'worker' -d 'Run scans, without an API.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_positional "holdfast" -eq 1' -fa 'scan' -d 'Submit a scan and follow it to its end.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_positional "holdfast" -eq 1' -fa 'follow' -d 'Follow a scan to its end, as `scan` does.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_positional "holdfast" -eq 1' -fa 'list' -d 'List scans, newest first.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_positional "holdfast" -eq 1' -fa 'show' -d 'Show one scan.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_positional "holdfast" -eq 1' -fa 'events' -d 'Tell a scan\'s story, oldest first.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_positional "holdfast" -eq 1' -fa 'errors' -d 'List what went wrong in a scan without ending it.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_positional "holdfast" -eq 1' -fa 'items' -d 'List what a scan found, by name.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_positional "holdfast" -eq 1' -fa 'cancel' -d 'Cancel scans.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_positional "holdfast" -eq 1' -fa 'retry' -d 'Run ended scans again, from their checkpoint if they have one.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_positional "holdfast" -eq 1' -fa 'pause' -d 'Stop running scans for now; they keep their progress and their target.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_positional "holdfast" -eq 1' -fa 'resume' -d 'Let paused scans go on.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_positional "holdfast" -eq 1' -fa 'cleanup' -d 'Show what is stuck and what would be done about it, and do it.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_positional "holdfast" -eq 1' -fa 'check' -d 'Say whether a scan of a target can start: start, resume, cleanup or wait.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_positional "holdfast" -eq 1' -fa 'unlock' -d 'Free an exclusive scope by failing the scan that holds it.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_positional "holdfast" -eq 1' -fa 'policy' -d 'Print what holds for a kind of scan or a target.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_positional "holdfast" -eq 1' -fa 'migrate' -d 'Bring the database\'s schema up to date.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_positional "holdfast" -eq 1' -fa 'token' -d 'The admin token of the API and the pages.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_positional "holdfast" -eq 1' -fa 'version' -d 'Print the version.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_positional "holdfast" -eq 1' -fa 'help' -d 'Show subcommand help information.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast serve" host' -l 'host' -d 'The address that the server listens on. (default: 127.0.0.1)' -rfka ''
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast serve" port' -l 'port' -d 'The port that the server listens on; 0 for any free one, which the ready line shows. (default: 8710)' -rfka ''
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast serve" slots' -l 'slots' -d 'How many scans run at once in this process. With 0, serve runs the API and the pages without a worker. (default: the number of cores)' -rfka ''
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast serve" database' -l 'database' -d 'The database: sqlite:PATH, or postgres://USER@HOST:PORT/NAME (any libpq connection URI). A password in it is never printed or logged. (default: sqlite: and holdfast.db in the data folder)' -rfka ''
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast serve" data-dir' -l 'data-dir' -d 'The folder of the SQLite database, of the admin token and of the journals. Made when it is missing, readable by its owner only. (default: ./.holdfast)' -rfa '(__holdfast_complete_directories)'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast serve" config' -l 'config' -d 'The file of settings. (default: holdfast.yaml, if there is one)' -rfa '(set -l exts \'yaml\' \'yml\';for p in (string match -e -- \'*/\' (commandline -t);or printf \n)*.{$exts};printf %s\n $p;end;__fish_complete_directories (commandline -t) \'\')'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast serve" log-level' -l 'log-level' -d 'The least grave messages that are logged, on standard error. (default: info of serve and worker, warning otherwise)' -rfka 'trace debug info notice warning error critical'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast serve" log-format' -l 'log-format' -d 'How log lines look: text for people, json (one object a line) for programs. (default: text)' -rfka 'text json'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast serve" version' -l 'version' -d 'Show the version.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast serve" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast worker" name' -l 'name' -d 'The worker\'s name. A worker that starts recovers what earlier processes of the same name left running on this host. (default: the host\'s name)' -rfka ''
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast worker" slots' -l 'slots' -d 'How many scans run at once in this process. With 0, serve runs the API and the pages without a worker. (default: the number of cores)' -rfka ''
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast worker" kinds' -l 'kinds' -d 'The kinds of scans that the worker takes. (default: every kind)' -rfka ''
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast worker" database' -l 'database' -d 'The database: sqlite:PATH, or postgres://USER@HOST:PORT/NAME (any libpq connection URI). A password in it is never printed or logged. (default: sqlite: and holdfast.db in the data folder)' -rfka ''
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast worker" data-dir' -l 'data-dir' -d 'The folder of the SQLite database, of the admin token and of the journals. Made when it is missing, readable by its owner only. (default: ./.holdfast)' -rfa '(__holdfast_complete_directories)'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast worker" config' -l 'config' -d 'The file of settings. (default: holdfast.yaml, if there is one)' -rfa '(set -l exts \'yaml\' \'yml\';for p in (string match -e -- \'*/\' (commandline -t);or printf \n)*.{$exts};printf %s\n $p;end;__fish_complete_directories (commandline -t) \'\')'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast worker" log-level' -l 'log-level' -d 'The least grave messages that are logged, on standard error. (default: info of serve and worker, warning otherwise)' -rfka 'trace debug info notice warning error critical'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast worker" log-format' -l 'log-format' -d 'How log lines look: text for people, json (one object a line) for programs. (default: text)' -rfka 'text json'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast worker" version' -l 'version' -d 'Show the version.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast worker" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast scan" version' -l 'version' -d 'Show the version.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast scan" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_positional "holdfast scan" -eq 1' -fa 'library' -d 'Scan a folder of files and compare it with its last scan.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_positional "holdfast scan library" -eq 1' -fa '(__holdfast_complete_directories)'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast scan library" allowed-extensions' -l 'allowed-extensions' -d 'Only these endings are allowed, separated by commas; other files are errors.' -rfka ''
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast scan library" max-size' -l 'max-size' -d 'Larger files are errors: bytes, or with a unit as in 5GB or 10MiB.' -rfka ''
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast scan library" follow-links' -l 'follow-links' -d 'Follow links that stay inside the folder.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast scan library" hash' -l 'hash' -d 'Read and hash every file\'s contents.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast scan library"' -l 'exclude' -d 'Pass over what matches, such as *.tmp or drafts/*; can be given again.' -rfka ''
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast scan library" allow-removal' -l 'allow-removal' -d 'Allow more than half of the library to disappear.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast scan library" detach' -l 'detach' -d 'Submit, and return at once.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast scan library" priority' -l 'priority' -d 'From -100 to 100; larger is run sooner.' -rfka ''
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast scan library" idempotency-key' -l 'idempotency-key' -d 'A name for this submission: given again, it finds the scan that it made.' -rfka ''
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast scan library" json' -l 'json' -d 'Print JSON, in the shapes of the API.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast scan library" database' -l 'database' -d 'The database: sqlite:PATH, or postgres://USER@HOST:PORT/NAME (any libpq connection URI). A password in it is never printed or logged. (default: sqlite: and holdfast.db in the data folder)' -rfka ''
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast scan library" data-dir' -l 'data-dir' -d 'The folder of the SQLite database, of the admin token and of the journals. Made when it is missing, readable by its owner only. (default: ./.holdfast)' -rfa '(__holdfast_complete_directories)'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast scan library" config' -l 'config' -d 'The file of settings. (default: holdfast.yaml, if there is one)' -rfa '(set -l exts \'yaml\' \'yml\';for p in (string match -e -- \'*/\' (commandline -t);or printf \n)*.{$exts};printf %s\n $p;end;__fish_complete_directories (commandline -t) \'\')'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast scan library" log-level' -l 'log-level' -d 'The least grave messages that are logged, on standard error. (default: info of serve and worker, warning otherwise)' -rfka 'trace debug info notice warning error critical'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast scan library" log-format' -l 'log-format' -d 'How log lines look: text for people, json (one object a line) for programs. (default: text)' -rfka 'text json'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast scan library" version' -l 'version' -d 'Show the version.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast scan library" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast follow" json' -l 'json' -d 'Print JSON, in the shapes of the API.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast follow" database' -l 'database' -d 'The database: sqlite:PATH, or postgres://USER@HOST:PORT/NAME (any libpq connection URI). A password in it is never printed or logged. (default: sqlite: and holdfast.db in the data folder)' -rfka ''
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast follow" data-dir' -l 'data-dir' -d 'The folder of the SQLite database, of the admin token and of the journals. Made when it is missing, readable by its owner only. (default: ./.holdfast)' -rfa '(__holdfast_complete_directories)'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast follow" config' -l 'config' -d 'The file of settings. (default: holdfast.yaml, if there is one)' -rfa '(set -l exts \'yaml\' \'yml\';for p in (string match -e -- \'*/\' (commandline -t);or printf \n)*.{$exts};printf %s\n $p;end;__fish_complete_directories (commandline -t) \'\')'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast follow" log-level' -l 'log-level' -d 'The least grave messages that are logged, on standard error. (default: info of serve and worker, warning otherwise)' -rfka 'trace debug info notice warning error critical'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast follow" log-format' -l 'log-format' -d 'How log lines look: text for people, json (one object a line) for programs. (default: text)' -rfka 'text json'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast follow" version' -l 'version' -d 'Show the version.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast follow" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast list"' -l 'status' -d 'Only scans with this status; can be given again.' -rfka 'pending running paused completed partial failed cancelled'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast list" kind' -l 'kind' -d 'Only scans of this kind.' -rfka ''
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast list" target' -l 'target' -d 'Only scans of this target.' -rfka ''
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast list" limit' -l 'limit' -d 'How many to print at most.' -rfka ''
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast list" all' -l 'all' -d 'Print all of them, however many.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast list" cursor' -l 'cursor' -d 'Go on from the next_cursor of an earlier call.' -rfka ''
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast list" json' -l 'json' -d 'Print JSON, in the shapes of the API.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast list" database' -l 'database' -d 'The database: sqlite:PATH, or postgres://USER@HOST:PORT/NAME (any libpq connection URI). A password in it is never printed or logged. (default: sqlite: and holdfast.db in the data folder)' -rfka ''
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast list" data-dir' -l 'data-dir' -d 'The folder of the SQLite database, of the admin token and of the journals. Made when it is missing, readable by its owner only. (default: ./.holdfast)' -rfa '(__holdfast_complete_directories)'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast list" config' -l 'config' -d 'The file of settings. (default: holdfast.yaml, if there is one)' -rfa '(set -l exts \'yaml\' \'yml\';for p in (string match -e -- \'*/\' (commandline -t);or printf \n)*.{$exts};printf %s\n $p;end;__fish_complete_directories (commandline -t) \'\')'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast list" version' -l 'version' -d 'Show the version.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast list" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast show" json' -l 'json' -d 'Print JSON, in the shapes of the API.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast show" database' -l 'database' -d 'The database: sqlite:PATH, or postgres://USER@HOST:PORT/NAME (any libpq connection URI). A password in it is never printed or logged. (default: sqlite: and holdfast.db in the data folder)' -rfka ''
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast show" data-dir' -l 'data-dir' -d 'The folder of the SQLite database, of the admin token and of the journals. Made when it is missing, readable by its owner only. (default: ./.holdfast)' -rfa '(__holdfast_complete_directories)'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast show" config' -l 'config' -d 'The file of settings. (default: holdfast.yaml, if there is one)' -rfa '(set -l exts \'yaml\' \'yml\';for p in (string match -e -- \'*/\' (commandline -t);or printf \n)*.{$exts};printf %s\n $p;end;__fish_complete_directories (commandline -t) \'\')'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast show" version' -l 'version' -d 'Show the version.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast show" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast events" limit' -l 'limit' -d 'How many to print at most.' -rfka ''
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast events" all' -l 'all' -d 'Print all of them, however many.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast events" cursor' -l 'cursor' -d 'Go on from the next_cursor of an earlier call.' -rfka ''
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast events" json' -l 'json' -d 'Print JSON, in the shapes of the API.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast events" database' -l 'database' -d 'The database: sqlite:PATH, or postgres://USER@HOST:PORT/NAME (any libpq connection URI). A password in it is never printed or logged. (default: sqlite: and holdfast.db in the data folder)' -rfka ''
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast events" data-dir' -l 'data-dir' -d 'The folder of the SQLite database, of the admin token and of the journals. Made when it is missing, readable by its owner only. (default: ./.holdfast)' -rfa '(__holdfast_complete_directories)'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast events" config' -l 'config' -d 'The file of settings. (default: holdfast.yaml, if there is one)' -rfa '(set -l exts \'yaml\' \'yml\';for p in (string match -e -- \'*/\' (commandline -t);or printf \n)*.{$exts};printf %s\n $p;end;__fish_complete_directories (commandline -t) \'\')'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast events" version' -l 'version' -d 'Show the version.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast events" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast errors" limit' -l 'limit' -d 'How many to print at most.' -rfka ''
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast errors" all' -l 'all' -d 'Print all of them, however many.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast errors" cursor' -l 'cursor' -d 'Go on from the next_cursor of an earlier call.' -rfka ''
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast errors" json' -l 'json' -d 'Print JSON, in the shapes of the API.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast errors" database' -l 'database' -d 'The database: sqlite:PATH, or postgres://USER@HOST:PORT/NAME (any libpq connection URI). A password in it is never printed or logged. (default: sqlite: and holdfast.db in the data folder)' -rfka ''
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast errors" data-dir' -l 'data-dir' -d 'The folder of the SQLite database, of the admin token and of the journals. Made when it is missing, readable by its owner only. (default: ./.holdfast)' -rfa '(__holdfast_complete_directories)'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast errors" config' -l 'config' -d 'The file of settings. (default: holdfast.yaml, if there is one)' -rfa '(set -l exts \'yaml\' \'yml\';for p in (string match -e -- \'*/\' (commandline -t);or printf \n)*.{$exts};printf %s\n $p;end;__fish_complete_directories (commandline -t) \'\')'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast errors" version' -l 'version' -d 'Show the version.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast errors" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast items" change' -l 'change' -d 'Only items with this change.' -rfka 'added updated removed moved missing found'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast items" limit' -l 'limit' -d 'How many to print at most.' -rfka ''
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast items" all' -l 'all' -d 'Print all of them, however many.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast items" cursor' -l 'cursor' -d 'Go on from the next_cursor of an earlier call.' -rfka ''
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast items" json' -l 'json' -d 'Print JSON, in the shapes of the API.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast items" database' -l 'database' -d 'The database: sqlite:PATH, or postgres://USER@HOST:PORT/NAME (any libpq connection URI). A password in it is never printed or logged. (default: sqlite: and holdfast.db in the data folder)' -rfka ''
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast items" data-dir' -l 'data-dir' -d 'The folder of the SQLite database, of the admin token and of the journals. Made when it is missing, readable by its owner only. (default: ./.holdfast)' -rfa '(__holdfast_complete_directories)'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast items" config' -l 'config' -d 'The file of settings. (default: holdfast.yaml, if there is one)' -rfa '(set -l exts \'yaml\' \'yml\';for p in (string match -e -- \'*/\' (commandline -t);or printf \n)*.{$exts};printf %s\n $p;end;__fish_complete_directories (commandline -t) \'\')'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast items" version' -l 'version' -d 'Show the version.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast items" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast cancel" reason' -l 'reason' -d 'Why; kept with the scan\'s events.' -rfka ''
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast cancel" json' -l 'json' -d 'Print JSON, in the shapes of the API.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast cancel" database' -l 'database' -d 'The database: sqlite:PATH, or postgres://USER@HOST:PORT/NAME (any libpq connection URI). A password in it is never printed or logged. (default: sqlite: and holdfast.db in the data folder)' -rfka ''
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast cancel" data-dir' -l 'data-dir' -d 'The folder of the SQLite database, of the admin token and of the journals. Made when it is missing, readable by its owner only. (default: ./.holdfast)' -rfa '(__holdfast_complete_directories)'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast cancel" config' -l 'config' -d 'The file of settings. (default: holdfast.yaml, if there is one)' -rfa '(set -l exts \'yaml\' \'yml\';for p in (string match -e -- \'*/\' (commandline -t);or printf \n)*.{$exts};printf %s\n $p;end;__fish_complete_directories (commandline -t) \'\')'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast cancel" version' -l 'version' -d 'Show the version.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast cancel" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast retry" reason' -l 'reason' -d 'Why; kept with the scan\'s events.' -rfka ''
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast retry" json' -l 'json' -d 'Print JSON, in the shapes of the API.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast retry" database' -l 'database' -d 'The database: sqlite:PATH, or postgres://USER@HOST:PORT/NAME (any libpq connection URI). A password in it is never printed or logged. (default: sqlite: and holdfast.db in the data folder)' -rfka ''
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast retry" data-dir' -l 'data-dir' -d 'The folder of the SQLite database, of the admin token and of the journals. Made when it is missing, readable by its owner only. (default: ./.holdfast)' -rfa '(__holdfast_complete_directories)'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast retry" config' -l 'config' -d 'The file of settings. (default: holdfast.yaml, if there is one)' -rfa '(set -l exts \'yaml\' \'yml\';for p in (string match -e -- \'*/\' (commandline -t);or printf \n)*.{$exts};printf %s\n $p;end;__fish_complete_directories (commandline -t) \'\')'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast retry" version' -l 'version' -d 'Show the version.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast retry" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast pause" reason' -l 'reason' -d 'Why; kept with the scan\'s events.' -rfka ''
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast pause" json' -l 'json' -d 'Print JSON, in the shapes of the API.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast pause" database' -l 'database' -d 'The database: sqlite:PATH, or postgres://USER@HOST:PORT/NAME (any libpq connection URI). A password in it is never printed or logged. (default: sqlite: and holdfast.db in the data folder)' -rfka ''
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast pause" data-dir' -l 'data-dir' -d 'The folder of the SQLite database, of the admin token and of the journals. Made when it is missing, readable by its owner only. (default: ./.holdfast)' -rfa '(__holdfast_complete_directories)'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast pause" config' -l 'config' -d 'The file of settings. (default: holdfast.yaml, if there is one)' -rfa '(set -l exts \'yaml\' \'yml\';for p in (string match -e -- \'*/\' (commandline -t);or printf \n)*.{$exts};printf %s\n $p;end;__fish_complete_directories (commandline -t) \'\')'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast pause" version' -l 'version' -d 'Show the version.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast pause" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast resume" reason' -l 'reason' -d 'Why; kept with the scan\'s events.' -rfka ''
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast resume" json' -l 'json' -d 'Print JSON, in the shapes of the API.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast resume" database' -l 'database' -d 'The database: sqlite:PATH, or postgres://USER@HOST:PORT/NAME (any libpq connection URI). A password in it is never printed or logged. (default: sqlite: and holdfast.db in the data folder)' -rfka ''
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast resume" data-dir' -l 'data-dir' -d 'The folder of the SQLite database, of the admin token and of the journals. Made when it is missing, readable by its owner only. (default: ./.holdfast)' -rfa '(__holdfast_complete_directories)'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast resume" config' -l 'config' -d 'The file of settings. (default: holdfast.yaml, if there is one)' -rfa '(set -l exts \'yaml\' \'yml\';for p in (string match -e -- \'*/\' (commandline -t);or printf \n)*.{$exts};printf %s\n $p;end;__fish_complete_directories (commandline -t) \'\')'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast resume" version' -l 'version' -d 'Show the version.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast resume" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast cleanup" dry-run' -l 'dry-run' -d 'Print the plan, and change nothing.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast cleanup" auto' -l 'auto' -d 'Apply the plan without asking.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast cleanup" apply' -l 'apply' -d 'Apply the plan with this hash.' -rfka ''
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast cleanup" kind' -l 'kind' -d 'Only scans of this kind.' -rfka ''
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast cleanup" target' -l 'target' -d 'Only targets that match; * stands for any characters.' -rfka ''
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast cleanup" reason' -l 'reason' -d 'Only for this reason, such as heartbeat_stale.' -rfka 'heartbeat_stale progress_stalled runtime_timeout pending_timeout worker_lost worker_restarted worker_drained runner_crashed orphaned_lock manual_intervention'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast cleanup" age-hours' -l 'age-hours' -d 'Only scans that are at least so old.' -rfka ''
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast cleanup" json' -l 'json' -d 'Print JSON, in the shapes of the API.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast cleanup" database' -l 'database' -d 'The database: sqlite:PATH, or postgres://USER@HOST:PORT/NAME (any libpq connection URI). A password in it is never printed or logged. (default: sqlite: and holdfast.db in the data folder)' -rfka ''
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast cleanup" data-dir' -l 'data-dir' -d 'The folder of the SQLite database, of the admin token and of the journals. Made when it is missing, readable by its owner only. (default: ./.holdfast)' -rfa '(__holdfast_complete_directories)'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast cleanup" config' -l 'config' -d 'The file of settings. (default: holdfast.yaml, if there is one)' -rfa '(set -l exts \'yaml\' \'yml\';for p in (string match -e -- \'*/\' (commandline -t);or printf \n)*.{$exts};printf %s\n $p;end;__fish_complete_directories (commandline -t) \'\')'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast cleanup" version' -l 'version' -d 'Show the version.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast cleanup" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast check" age-hours' -l 'age-hours' -d 'How old a dead scan must be before it is cleaned.' -rfka ''
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast check" json' -l 'json' -d 'Print JSON, in the shapes of the API.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast check" database' -l 'database' -d 'The database: sqlite:PATH, or postgres://USER@HOST:PORT/NAME (any libpq connection URI). A password in it is never printed or logged. (default: sqlite: and holdfast.db in the data folder)' -rfka ''
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast check" data-dir' -l 'data-dir' -d 'The folder of the SQLite database, of the admin token and of the journals. Made when it is missing, readable by its owner only. (default: ./.holdfast)' -rfa '(__holdfast_complete_directories)'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast check" config' -l 'config' -d 'The file of settings. (default: holdfast.yaml, if there is one)' -rfa '(set -l exts \'yaml\' \'yml\';for p in (string match -e -- \'*/\' (commandline -t);or printf \n)*.{$exts};printf %s\n $p;end;__fish_complete_directories (commandline -t) \'\')'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast check" version' -l 'version' -d 'Show the version.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast check" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast unlock" reason' -l 'reason' -d 'Why; kept with the scan\'s events.' -rfka ''
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast unlock" json' -l 'json' -d 'Print JSON, in the shapes of the API.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast unlock" database' -l 'database' -d 'The database: sqlite:PATH, or postgres://USER@HOST:PORT/NAME (any libpq connection URI). A password in it is never printed or logged. (default: sqlite: and holdfast.db in the data folder)' -rfka ''
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast unlock" data-dir' -l 'data-dir' -d 'The folder of the SQLite database, of the admin token and of the journals. Made when it is missing, readable by its owner only. (default: ./.holdfast)' -rfa '(__holdfast_complete_directories)'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast unlock" config' -l 'config' -d 'The file of settings. (default: holdfast.yaml, if there is one)' -rfa '(set -l exts \'yaml\' \'yml\';for p in (string match -e -- \'*/\' (commandline -t);or printf \n)*.{$exts};printf %s\n $p;end;__fish_complete_directories (commandline -t) \'\')'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast unlock" version' -l 'version' -d 'Show the version.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast unlock" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast policy" version' -l 'version' -d 'Show the version.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast policy" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_positional "holdfast policy" -eq 1' -fa 'show' -d 'Print each limit with where it is from, and how long a fault can last at most.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_positional "holdfast policy show" -eq 1' -fka 'library site portal dependencies command'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast policy show" json' -l 'json' -d 'Print JSON, in the shapes of the API.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast policy show" config' -l 'config' -d 'The file of settings. (default: holdfast.yaml, if there is one)' -rfa '(set -l exts \'yaml\' \'yml\';for p in (string match -e -- \'*/\' (commandline -t);or printf \n)*.{$exts};printf %s\n $p;end;__fish_complete_directories (commandline -t) \'\')'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast policy show" version' -l 'version' -d 'Show the version.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast policy show" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast migrate" dry-run' -l 'dry-run' -d 'Print the statements that would run, and change nothing.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast migrate" json' -l 'json' -d 'Print JSON, in the shapes of the API.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast migrate" database' -l 'database' -d 'The database: sqlite:PATH, or postgres://USER@HOST:PORT/NAME (any libpq connection URI). A password in it is never printed or logged. (default: sqlite: and holdfast.db in the data folder)' -rfka ''
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast migrate" data-dir' -l 'data-dir' -d 'The folder of the SQLite database, of the admin token and of the journals. Made when it is missing, readable by its owner only. (default: ./.holdfast)' -rfa '(__holdfast_complete_directories)'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast migrate" config' -l 'config' -d 'The file of settings. (default: holdfast.yaml, if there is one)' -rfa '(set -l exts \'yaml\' \'yml\';for p in (string match -e -- \'*/\' (commandline -t);or printf \n)*.{$exts};printf %s\n $p;end;__fish_complete_directories (commandline -t) \'\')'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast migrate" version' -l 'version' -d 'Show the version.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast migrate" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast token" version' -l 'version' -d 'Show the version.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast token" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_positional "holdfast token" -eq 1' -fa 'path' -d 'Print the path of the file that holds the token.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_positional "holdfast token" -eq 1' -fa 'rotate' -d 'Replace the token by a new one; every session ends.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast token path" database' -l 'database' -d 'The database: sqlite:PATH, or postgres://USER@HOST:PORT/NAME (any libpq connection URI). A password in it is never printed or logged. (default: sqlite: and holdfast.db in the data folder)' -rfka ''
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast token path" data-dir' -l 'data-dir' -d 'The folder of the SQLite database, of the admin token and of the journals. Made when it is missing, readable by its owner only. (default: ./.holdfast)' -rfa '(__holdfast_complete_directories)'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast token path" config' -l 'config' -d 'The file of settings. (default: holdfast.yaml, if there is one)' -rfa '(set -l exts \'yaml\' \'yml\';for p in (string match -e -- \'*/\' (commandline -t);or printf \n)*.{$exts};printf %s\n $p;end;__fish_complete_directories (commandline -t) \'\')'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast token path" version' -l 'version' -d 'Show the version.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast token path" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast token rotate" database' -l 'database' -d 'The database: sqlite:PATH, or postgres://USER@HOST:PORT/NAME (any libpq connection URI). A password in it is never printed or logged. (default: sqlite: and holdfast.db in the data folder)' -rfka ''
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast token rotate" data-dir' -l 'data-dir' -d 'The folder of the SQLite database, of the admin token and of the journals. Made when it is missing, readable by its owner only. (default: ./.holdfast)' -rfa '(__holdfast_complete_directories)'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast token rotate" config' -l 'config' -d 'The file of settings. (default: holdfast.yaml, if there is one)' -rfa '(set -l exts \'yaml\' \'yml\';for p in (string match -e -- \'*/\' (commandline -t);or printf \n)*.{$exts};printf %s\n $p;end;__fish_complete_directories (commandline -t) \'\')'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast token rotate" version' -l 'version' -d 'Show the version.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast token rotate" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast version" json' -l 'json' -d 'Print JSON, in the shapes of the API.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast version" version' -l 'version' -d 'Show the version.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast version" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'holdfast' -n '__holdfast_should_offer_completions_for_flags_or_options "holdfast help" version' -l 'version' -d 'Show the version.'
