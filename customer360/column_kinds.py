"""What a raw column can be, and how its name says so in several languages.

A table for people to add to: a kind is named as in the contracts, `exact` are whole names or the
words that end or begin one, `weak` are names that may mean it and much else. Names are compared in
snake case, without accents (see `naming.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

from customer360.naming import split_words

# How a kind takes part in the customer 360.
IDENTIFIER = "identifier"
ATTRIBUTE = "attribute"
TIME = "time"
MEASURE = "measure"
OTHER = "other"


@dataclass(frozen=True)
class Kind:
    """A meaning of columns: `test` is the content test it must pass (see `guessing.py`).

    `alone` is what passing it proves without any word in the name, 0 to 1; with `needs_name` it
    proves only how the values are written, and a word in the name must be there.
    """

    name: str
    group: str
    test: str
    title: str
    exact: tuple[str, ...] = ()
    weak: tuple[str, ...] = ()
    alone: float = 0.0
    needs_name: bool = False
    is_namespaced: bool = False
    pii: str | None = None


# Words that turn a personal name, address or id into one of something else.
OF_OTHERS = frozenset(
    split_words(
        "product item article artikel produit producto campaign kampagne campagne campana store "
        "shop filiale magasin tienda event file agent employee mitarbeiter sales rep category "
        "kategorie brand marke session page url ip user_agent browser device host domain warehouse "
        "sku supplier vendor lieferant ship_mode channel segment plan coupon promo promotion"
    )
)

IDENTIFIERS = (
    Kind(
        "email",
        IDENTIFIER,
        "email",
        "e-mail address",
        split_words(
            "email e_mail mail email_address mail_address emailaddress e_mail_adresse mailadresse "
            "adresse_mail adresse_email courriel correo correo_electronico email_id"
        ),
        alone=0.95,
        pii="direct",
    ),
    Kind(
        "phone",
        IDENTIFIER,
        "phone",
        "phone number",
        split_words(
            "phone phone_number phone_no telephone tel mobile mobile_number mobile_phone cell "
            "cell_phone msisdn telefon telefonnummer telefonnr tel_nr handy handynummer "
            "mobilnummer rufnummer numero_telephone portable telefono movil celular"
        ),
        pii="direct",
    ),
    Kind(
        "customer_id",
        IDENTIFIER,
        "code",
        "customer number",
        split_words(
            "customer_id customer_no customer_nr customer_number customer_key customer_code "
            "cust_id cust_no custno cust_num cust_key client_id client_no client_number "
            "client_code client_ref id_client numero_client num_client no_client code_client "
            "kunden_id kundennummer kundennr kunden_nr kd_nr kdnr kunden_no kundenkennung "
            "id_cliente cliente_id numero_cliente num_cliente codigo_cliente buyer_id shopper_id "
            "consumer_id guest_id patient_id person_id"
        ),
        weak=split_words("customer cust client kunde cliente buyer account_id contact_id"),
        is_namespaced=True,
        pii="indirect",
    ),
    Kind(
        "user_id",
        IDENTIFIER,
        "code",
        "login",
        split_words(
            "user_id userid user_name username user_key login login_id login_name benutzer_id "
            "benutzername nutzer_id nutzername id_utilisateur utilisateur_id nom_utilisateur "
            "identifiant id_usuario usuario_id nombre_usuario usuario utilisateur benutzer"
        ),
        weak=split_words("user uid nutzer"),
        is_namespaced=True,
        pii="indirect",
    ),
    Kind(
        "loyalty_id",
        IDENTIFIER,
        "code",
        "loyalty number",
        split_words(
            "loyalty_id loyalty_no loyalty_number loyalty_card loyalty_card_no member_id member_no "
            "member_number membership_id membership_no membership_number mitgliedsnummer "
            "mitglieds_nr mitgliedsnr mitglied_id kundenkarte kundenkartennummer treuekarte "
            "carte_fidelite numero_carte_fidelite numero_fidelite id_adherent numero_adherent "
            "tarjeta_fidelidad numero_socio id_socio"
        ),
        weak=split_words("member mitglied adherent socio card_no"),
        is_namespaced=True,
        pii="indirect",
    ),
    Kind(
        "order_id",
        IDENTIFIER,
        "code",
        "order number",
        split_words(
            "order_id order_no order_nr order_number order_key order_ref bestellnummer bestellnr "
            "bestell_nr bestell_id auftragsnummer auftrags_nr auftrag_id id_commande "
            "numero_commande commande_id num_commande id_pedido numero_pedido pedido_id"
        ),
        is_namespaced=True,
        pii="indirect",
    ),
    Kind(
        "device_id",
        IDENTIFIER,
        "code",
        "device",
        split_words(
            "device_id device_uuid device_identifier idfa idfv gaid adid advertising_id "
            "android_id geraete_id geraet_id id_appareil id_dispositivo"
        ),
        is_namespaced=True,
        pii="indirect",
    ),
    Kind(
        "cookie_id",
        IDENTIFIER,
        "code",
        "cookie or anonymous visitor",
        split_words(
            "cookie_id cookie anonymous_id anonymous_visitor_id visitor_id ga_client_id browser_id "
            "fpid user_pseudo_id besucher_id id_visiteur id_visitante"
        ),
        is_namespaced=True,
        pii="indirect",
    ),
    Kind(
        "national_id",
        IDENTIFIER,
        "code",
        "number of the state for a person",
        split_words(
            "national_id ssn soc_sec_id social_security_number social_security_no "
            "sozialversicherungsnummer sv_nummer steuer_id personalausweisnummer passport_no "
            "passport_number numero_securite_sociale numero_secu dni nie curp"
        ),
        is_namespaced=True,
        pii="direct",
    ),
    Kind(
        "household_id",
        IDENTIFIER,
        "code",
        "household",
        split_words(
            "household_id household_key household_no hh_id hhid hshd_num haushalt_id haushalts_id "
            "id_foyer foyer_id id_hogar hogar_id"
        ),
        weak=split_words("household haushalt foyer hogar"),
        is_namespaced=True,
        pii="indirect",
    ),
)

ATTRIBUTES = (
    Kind(
        "first_name",
        ATTRIBUTE,
        "name",
        "given name",
        split_words(
            "first_name firstname fname given_name givenname forename vorname rufname prenom "
            "nombre_pila primer_nombre"
        ),
        weak=split_words("first given"),
        pii="direct",
    ),
    Kind(
        "last_name",
        ATTRIBUTE,
        "name",
        "family name",
        split_words(
            "last_name lastname lname surname family_name familyname nachname familienname "
            "nom_famille nom_de_famille apellido apellidos primer_apellido"
        ),
        weak=split_words("last"),
        pii="direct",
    ),
    Kind(
        "full_name",
        ATTRIBUTE,
        "name",
        "whole name",
        split_words(
            "full_name fullname customer_name client_name contact_name display_name person_name "
            "kundenname nom_complet nom_client nombre_completo nombre_cliente"
        ),
        weak=split_words(
            "name nom nombre customer kunde kundin client cliente clienta guest gast patient "
            "patientin mitglied member"
        ),
        pii="direct",
    ),
    Kind(
        "company",
        ATTRIBUTE,
        "text",
        "employer",
        split_words(
            "company company_name employer organisation organization firma firmenname unternehmen "
            "societe entreprise raison_sociale empresa"
        ),
    ),
    Kind(
        "date_of_birth",
        ATTRIBUTE,
        "birth_date",
        "date of birth",
        split_words(
            "date_of_birth dob birth_date birthdate birthday geburtsdatum geburtstag geb_datum "
            "date_naissance date_de_naissance fecha_nacimiento fecha_de_nacimiento"
        ),
        weak=split_words("birth born naissance nacimiento"),
        alone=0.6,
        pii="direct",
    ),
    Kind(
        "gender",
        ATTRIBUTE,
        "gender",
        "gender",
        split_words("gender sex geschlecht genre sexe genero sexo anrede salutation civilite"),
        alone=0.7,
        pii="indirect",
    ),
    Kind(
        "language",
        ATTRIBUTE,
        "language",
        "language",
        split_words("language lang locale language_code sprache langue idioma preferred_language"),
    ),
    Kind(
        "country",
        ATTRIBUTE,
        "country",
        "country",
        split_words(
            "country country_code country_name nation land laendercode pays code_pays pais"
        ),
        alone=0.7,
    ),
    Kind(
        "region",
        ATTRIBUTE,
        "text",
        "state or province",
        split_words(
            "region state province state_code state_province bundesland kanton departement "
            "provincia comunidad comunidad_autonoma"
        ),
    ),
    Kind(
        "city",
        ATTRIBUTE,
        "name",
        "town",
        split_words("city town suburb ort stadt wohnort ville commune ciudad localidad municipio"),
        pii="indirect",
    ),
    Kind(
        "postal_code",
        ATTRIBUTE,
        "postal_code",
        "postal code",
        split_words(
            "postal_code postcode zip zip_code zipcode plz postleitzahl code_postal codigo_postal"
        ),
        weak=split_words("postal cp"),
        pii="indirect",
    ),
    Kind(
        "address_line",
        ATTRIBUTE,
        "text",
        "street and house number",
        split_words(
            "address_line address address_1 address1 address_line_1 street street_address strasse "
            "anschrift adresse rue direccion calle domicilio"
        ),
        pii="direct",
    ),
    Kind(
        "lifecycle_status",
        ATTRIBUTE,
        "text",
        "status of the customer",
        split_words(
            "lifecycle_status lifecycle lifecycle_stage customer_status client_status lead_status "
            "contact_status kundenstatus statut_client estado_cliente"
        ),
    ),
    Kind(
        "email_opt_in",
        ATTRIBUTE,
        "boolean",
        "consent to e-mail marketing",
        split_words(
            "email_opt_in opt_in optin opt_in_email newsletter newsletter_opt_in marketing_opt_in "
            "marketing_consent email_consent accepts_marketing subscribed einwilligung "
            "werbeeinwilligung consentement consentimiento suscrito"
        ),
    ),
)

TIMES = (
    Kind(
        "created_at",
        TIME,
        "time",
        "when it was made",
        split_words(
            "created_at created created_on created_date created_time create_date creation_date "
            "date_created signup_date sign_up_date signed_up_at registered_at registration_date "
            "register_date join_date joined_at date_joined member_since customer_since "
            "anlagedatum erstellt_am erstelldatum registriert_am registrierungsdatum "
            "date_creation date_inscription cree_le fecha_creacion fecha_alta fecha_registro"
        ),
        alone=0.85,
        needs_name=True,
    ),
    Kind(
        "updated_at",
        TIME,
        "time",
        "when it last changed",
        split_words(
            "updated_at updated updated_on update_date updated_date last_updated last_update "
            "modified modified_at modified_date last_modified last_modified_date changed_at "
            "geaendert_am aenderungsdatum aktualisiert_am date_modification modifie_le "
            "mis_a_jour_le fecha_modificacion fecha_actualizacion actualizado"
        ),
        alone=0.85,
        needs_name=True,
    ),
    Kind(
        "loaded_at",
        TIME,
        "time",
        "when the source loaded the row",
        split_words(
            "loaded_at load_date load_time loaded_on ingested_at ingestion_time extracted_at "
            "extract_date etl_loaded_at fivetran_synced airbyte_emitted_at "
            "airbyte_extracted_at sdc_batched_at sdc_received_at"
        ),
        alone=0.85,
        needs_name=True,
    ),
)

# Generic kinds: any number of columns may be one, each under its own name.
TIME_KIND = Kind(
    "time",
    TIME,
    "time",
    "time",
    split_words(
        "at date time timestamp datetime ts day datum zeit zeitpunkt tag uhrzeit am heure jour le "
        "fecha hora dia"
    ),
    alone=0.85,
)
AMOUNT_KIND = Kind(
    "amount",
    MEASURE,
    "number",
    "amount",
    split_words(
        "amount amt total revenue sales spend spent cost value sum turnover discount tax fee "
        "betrag summe umsatz kosten wert rabatt gebuehr montant "
        "somme chiffre_d_affaires chiffre_affaires cout remise importe suma ventas coste descuento"
    ),
    alone=0.5,
    needs_name=True,
)
COUNT_KIND = Kind(
    "count",
    MEASURE,
    "integer",
    "count",
    split_words(
        "count cnt qty quantity num number_of units pieces visits orders clicks opens views points "
        "nights sessions anzahl uebernachtungen menge stueck besuche bestellungen punkte "
        "naechte klicks quantite "
        "nb nombre_de nombre visites points commandes nuits clics cantidad visitas puntos pedidos "
        "noches"
    ),
    alone=0.5,
    needs_name=True,
)
NUMBER_KIND = Kind("number", MEASURE, "number", "number", alone=0.5)
# Numbers whose sum over a customer's rows says nothing.
RATE_KIND = Kind(
    "rate",
    MEASURE,
    "number",
    "number that does not add up",
    split_words(
        "rate ratio pct percent percentage share score rating rank ranking age avg average mean "
        "income salary balance einkommen guthaben saldo revenus solde ingresos week hour quarter "
        "woche semaine semana "
        "median index lat lon lng latitude longitude temperature year month price unit_price "
        "bewertung alter quote anteil prozent durchschnitt note rang breite laenge jahr monat "
        "preis "
        "einzelpreis taux pourcentage moyenne annee mois prix edad tasa porcentaje media precio "
        "anio ano mes latitud longitud"
    ),
    alone=0.5,
    needs_name=True,
)
FLAG_KIND = Kind(
    "flag",
    OTHER,
    "boolean",
    "yes or no",
    split_words(
        "is has flag active enabled deleted blocked verified aktiv gesperrt geloescht actif "
        "activo baja"
    ),
    alone=0.7,
)
CURRENCY_KIND = Kind(
    "currency",
    OTHER,
    "currency",
    "currency",
    split_words("currency currency_code waehrung devise moneda divisa"),
    alone=0.7,
)
URL_KIND = Kind(
    "url", OTHER, "url", "address of a page", split_words("url link href uri"), alone=0.9
)
# An id of something that is no person: shown in staging, never an identifier.
FOREIGN_ID_KIND = Kind(
    "foreign_id",
    OTHER,
    "code",
    "key of something else",
    split_words("id no nr key code number nummer num numero ref uuid guid clave codigo"),
)
OPAQUE_KIND = Kind(
    "opaque_id",
    IDENTIFIER,
    "opaque",
    "id of unknown meaning",
    alone=0.6,
    is_namespaced=True,
    pii="indirect",
)
TEXT_KIND = Kind("text", OTHER, "text", "text", alone=0.3)

SINGLE_KINDS = (*IDENTIFIERS, *ATTRIBUTES, *TIMES, CURRENCY_KIND)
GENERIC_KINDS = (
    TIME_KIND,
    RATE_KIND,
    AMOUNT_KIND,
    COUNT_KIND,
    NUMBER_KIND,
    FLAG_KIND,
    URL_KIND,
    FOREIGN_ID_KIND,
    OPAQUE_KIND,
    TEXT_KIND,
)
