-- Chance without a state: a draw is a hash of who, what for and the seed, so it is the same in every
-- part, order and thread. `since`: when the data begins; times are seconds after it.
create or replace macro bits(key, what) as hash(key, what, getvariable('seed'));

create or replace macro draw(key, what) as (bits(key, what) >> 11)::double / 9007199254740992;

create or replace macro pick(key, what, several) as (bits(key, what) % several)::bigint;

-- How many of something that a few people have much of: log-normal (Box and Muller 1958).
create or replace macro many(key, what, middle, spread) as floor(
    middle * exp(spread * sqrt(-2 * ln(1 - draw(key, what || ' 1'))) * cos(2 * pi() * draw(key, what || ' 2')))
)::bigint;

create or replace macro moment(seconds) as
    strftime(timestamp '2025-03-01' + to_seconds(seconds::bigint), '%Y-%m-%d %H:%M:%S');

create or replace macro name_of(names, key, what) as names[1 + pick(key, what, len(names))];

create or replace macro given_name(person) as name_of(
    ['Anna', 'Ben', 'Carla', 'David', 'Elif', 'Farid', 'Greta', 'Hugo', 'Ines', 'Jonas', 'Kamila', 'Luca',
     'Mira', 'Nils', 'Olga', 'Pablo', 'Rosa', 'Sami', 'Tilda', 'Uwe', 'Vera', 'Wim', 'Yara', 'Zoe'],
    person, 'given name'
);

create or replace macro surname(family) as name_of(
    ['Adler', 'Berg', 'Celik', 'Dorn', 'Engel', 'Fuchs', 'Graf', 'Haas', 'Ilic', 'Jansen', 'Kaya', 'Lang',
     'Moser', 'Nowak', 'Otto', 'Peters', 'Richter', 'Sommer', 'Tran', 'Ulrich', 'Vogel', 'Wolf', 'Ziegler'],
    family, 'surname'
);

-- The nth address of a person: unlike any other person's.
create or replace macro address_of(person, nth) as lower(
    given_name(person) || '.' || surname(person) || person || case nth when 0 then '' else chr(96 + nth::integer) end
) || '@mail' || pick(person * 64 + nth, 'domain', 40) || '.example';

-- As people write it: in capitals, with blanks, and now and then with a slip that nothing mends.
create or replace macro written_address(address, key) as case
    when draw(key, 'spelling') < 0.08 then upper(address)
    when draw(key, 'spelling') < 0.12 then ' ' || address
    when draw(key, 'spelling') < 0.13 then replace(address, '.example', '.exmaple')
    else address
end;

create or replace macro phone_of(person, nth) as '151' || lpad((person * 3 + nth)::varchar, 8, '0');

create or replace macro written_phone(phone, key) as case
    when draw(key, 'dialling') < 0.5 then '+49' || phone
    when draw(key, 'dialling') < 0.7 then '0049 ' || phone[1:3] || ' ' || phone[4:]
    else '+49 (0)' || phone[1:3] || '-' || phone[4:]
end;
