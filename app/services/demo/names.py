"""People who might become students: names of many cultures, addresses, phone numbers kept for fiction."""

# ruff: noqa: RUF001

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

# First names and family names that go together.
CULTURES: Final = tuple(
    (first.split(), last.split())
    for first, last in (
        (
            "Olivia George Isla Harry Poppy Jack Freya Oscar Ruby Alfie",
            "Bennett Clarke Hughes Palmer Whitfield Barker Ellis Marsh Thornton Webb",
        ),
        (
            "Aisha Omar Layla Hassan Noor Karim Salma Tariq Yasmin Bilal",
            "Abdullah Farouk Hamdan Khalil Mansour Nasser Qasim Rahman Saleh Ziadeh",
        ),
        (
            "Ananya Vihaan Diya Kabir Isha Rohit Meera Aditya Kavya Nikhil",
            "Bhatt Chatterjee Desai Iyer Joshi Kapoor Menon Patel Rao Sharma",
        ),
        ("Xiuying Wei Jing Hao Yan Jun Li Ming Fang Lei", "Cao Deng Huang Liang Lin Sun Wang Xu Zhang Zhou"),
        (
            "Chiamaka Emeka Ngozi Tunde Adaeze Femi Ifeoma Segun Amara Chidi",
            "Abiola Balogun Eze Ibrahim Nwosu Obi Okeke Olawale Uche Yusuf",
        ),
        (
            "Valentina Santiago Camila Joaquín Lucía Diego Renata Andrés Paloma Emilio",
            "Castillo Delgado Gómez Ibáñez Jiménez Morales Navarro Ortega Ruiz Vargas",
        ),
        (
            "Zofia Jakub Maja Kacper Hanna Szymon Lena Wojciech Oliwia Bartosz",
            "Wrona Kaczmarek Duda Kubiak Mazur Nowak Pawlak Sikora Wójcik Zając",
        ),
        (
            "Chloé Lucas Manon Hugo Inès Louis Jade Gabriel Éloïse Antoine",
            "Bernard Chevalier Dupont Fournier Girard Lefèvre Moreau Petit Rousseau Vidal",
        ),
        (
            "Elif Emre Defne Mert Zehra Can Ayşe Burak Nil Kerem",
            "Arslan Aydın Çelik Doğan Erdem Güneş Koç Öztürk Şahin Yıldız",
        ),
        (
            "Aoi Haruto Hina Ren Yui Sota Sakura Yuto Rin Kaito",
            "Fujita Hayashi Ito Kobayashi Mori Nakamura Ogawa Suzuki Watanabe Yamada",
        ),
        (
            "Anouk Daan Fleur Bram Lotte Sven Astrid Nils Freja Magnus",
            "Bakker Dekker Jansen Visser Lindqvist Holm Nyberg Dahl Haugen Berg",
        ),
        (
            "Thandiwe Sipho Nomsa Lwazi Zanele Baraka Wanjiru Kamau Achieng Otieno",
            "Khumalo Mokoena Ndlovu Nkosi Zulu Kariuki Njoroge Odhiambo Wambui Mutua",
        ),
        (
            "Anastasia Dmitri Ksenia Mikhail Daria Pavel Oksana Taras Milica Stefan",
            "Bondarenko Marković Ivanenko Kovalenko Kravchuk Melnyk Savić Shevchenko Jovanović Petrović",
        ),
        ("Linh Minh Trang Duc Mai Khanh Thao Bao Ngoc Phuc", "Bui Dang Do Ho Le Ngo Nguyen Pham Tran Vo"),
    )
)

INTERESTS: Final = (
    "Piano",
    "Piano",
    "Piano",
    "Guitar",
    "Guitar",
    "Violin",
    "Violin",
    "Voice",
    "Voice",
    "Drums",
    "Cello",
    "Flute",
    "Saxophone",
    "Choir",
    "Music theory",
)
AREAS: Final = (
    "Old Town",
    "Harbour",
    "Northgate",
    "Riverside",
    "Hillcrest",
    "Station Quarter",
    "Orchard Park",
    "Westfield",
)
COMMUNITIES: Final = (
    "Linden Court",
    "Mill Lane",
    "St Anne's",
    "Canal Side",
    "Greenways",
    "The Maltings",
    "University",
)
STREETS: Final = (
    "Rowan Street",
    "Church Road",
    "Market Place",
    "Quay Street",
    "Park Avenue",
    "Mill Lane",
    "Station Road",
    "Elm Grove",
)
DOMAINS: Final = ("example.org", "example.com", "example.net")
ADULT: Final = 18


@dataclass(frozen=True)
class Person:
    first_name: str
    last_name: str
    phone: str
    email: str | None
    interest: str
    area: str
    community: str | None
    address: str | None
    guardian_name: str | None
    age: int | None
    expected_budget: int | None


def people(luck: Random) -> Iterator[Person]:
    """Different people with different phone numbers; 1,240 of them."""
    names = [(first, last, firsts) for firsts, lasts in CULTURES for first in firsts for last in lasts]
    luck.shuffle(names)
    for phone, (first, last, first_names) in zip(_phones(luck), names, strict=False):
        relative = luck.choice([name for name in first_names if name != first])
        yield _person(luck, first, last, phone, f"{ascii_name(first, last)}@{luck.choice(DOMAINS)}", relative)


def _person(luck: Random, first: str, last: str, phone: str, email: str, relative: str) -> Person:
    age = luck.randrange(5, ADULT) if luck.random() < 0.7 else luck.randrange(ADULT, 68)
    return Person(
        first,
        last,
        phone,
        email if luck.random() < 0.8 else None,
        luck.choice(INTERESTS),
        luck.choice(AREAS),
        luck.choice(COMMUNITIES) if luck.random() < 0.5 else None,
        f"{luck.randrange(1, 180)} {luck.choice(STREETS)}" if luck.random() < 0.4 else None,
        f"{relative} {last}" if age < ADULT else None,
        age if luck.random() < 0.85 else None,
        luck.randrange(12, 60) * 5 if luck.random() < 0.6 else None,
    )


def _phones(luck: Random) -> Iterator[str]:
    """Numbers that are given to nobody: Ofcom's ranges for drama, 555-01xx, 06 39 98 in France."""
    london = (f"+4420794600{number:02}" for number in range(100))
    nowhere = (f"+441632960{number:03}" for number in range(150))
    france = (f"+3363998{number:04}" for number in range(1000, 1060))
    america = (f"+1212555{number:04}" for number in range(100, 130))
    numbers = [*(f"+447700900{number:03}" for number in range(900)), *london, *nowhere, *france, *america]
    luck.shuffle(numbers)
    return iter(numbers)


def ascii_name(*names: str) -> str:
    """The names in plain small letters, as "theo.laurent"."""
    letters = (
        unicodedata.normalize("NFKD", " ".join(names).translate(_NOT_COMPOSED))
        .encode("ascii", "ignore")
        .decode()
        .lower()
    )
    return ".".join(re.findall(r"[a-z]+", letters.replace("'", "").replace("-", "")))


_NOT_COMPOSED = str.maketrans({"ł": "l", "Ł": "L", "ı": "i", "ø": "o", "ß": "ss"})
